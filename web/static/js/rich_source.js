/* The HTML of an author on its way into an editor and out again: nothing in it acts. */

const KEPT = new Set(
  ("a abbr audio b blockquote br caption cite code col colgroup dd del dfn div dl dt em figcaption figure h2 h3 h4 h5 h6 " +
    "hr i img ins kbd li mark ol p pre q rp rt ruby s samp small source span strong sub sup table tbody td tfoot th thead " +
    "tr track u ul var video").split(" "),
);
const DROPPED = new Set("script style template noscript title textarea iframe object embed select svg".split(" "));
const NAMES = new Set(
  ("abbr alt aria-label colspan controls default dir headers height href kind label lang loop muted poster preload reversed " +
    "rowspan scope span src srclang start title type value width").split(" "),
);
const BLOCKS = "p,div,ul,ol,dl,table,h2,h3,h4,h5,h6,pre,blockquote,figure,hr";
const ATOMS = "math,audio,video";
const MATHML = "http://www.w3.org/1998/Math/MathML";
const SHA = "[0-9a-f]{64}";
const ADDRESSES = ["src", "href", "poster"];

/** Return what an editor shows for a source. */
export function toEditor(source) {
  const page = new DOMParser().parseFromString(`<body>${source}`, "text/html");
  clean(page.body);
  for (const element of page.body.querySelectorAll("*")) readdress(element, new RegExp(`^media:(${SHA})$`), "/media/$1");
  for (const atom of page.body.querySelectorAll(ATOMS)) wrap(atom);
  const fragment = document.createDocumentFragment();
  fragment.append(...document.importNode(page.body, true).childNodes);
  return fragment;
}

/** Return the source of what stands in an editor. */
export function toSource(editor) {
  // In a document of its own no address is called while it is changed.
  const copy = document.implementation.createHTMLDocument().importNode(editor, true);
  for (const atom of copy.querySelectorAll("[data-atom]")) atom.replaceWith(...atom.childNodes);
  clean(copy);
  for (const element of copy.querySelectorAll("*")) {
    readdress(element, new RegExp(`^/media/(${SHA})$`), "media:$1");
    if (element.localName === "span" && element.attributes.length === 0) element.replaceWith(...element.childNodes);
  }
  for (const inline of copy.querySelectorAll("a,b,code,em,i,s,span,strong,sub,sup,u")) if (!inline.hasChildNodes()) inline.remove();
  wrapLoose(copy);
  const isEmpty = !copy.textContent.trim() && !copy.querySelector("img,audio,video,math,hr,table");
  return isEmpty ? "" : copy.innerHTML.replaceAll("\u00a0", "&nbsp;").replaceAll(/(?<=[^\s>])&nbsp;(?=[^\s<&])/g, " ").trim();
}

/** Put something that is changed as a whole into a case that the cursor passes by. */
export function wrap(atom) {
  const tex = atom.localName === "math" ? atom.getAttribute("alttext") : null;
  const casing = atom.ownerDocument.createElement("span");
  casing.contentEditable = "false";
  casing.dataset.atom = atom.localName;
  atom.replaceWith(casing);
  casing.append(atom);
  if (tex === null) return casing;
  casing.tabIndex = 0;
  casing.setAttribute("role", "button");
  casing.setAttribute("aria-label", `Formula ${tex}: change it`);
  return casing;
}

function clean(root) {
  for (const element of [...root.querySelectorAll("*")]) {
    if (!root.contains(element)) continue;
    const isMath = element.namespaceURI === MATHML;
    if (DROPPED.has(element.localName)) element.remove();
    else if (!isMath && !KEPT.has(element.localName)) element.replaceWith(...element.childNodes);
    else cleanAttributes(element, isMath);
  }
}

function cleanAttributes(element, isMath) {
  for (const { name, value } of [...element.attributes]) {
    const isKept = isMath ? !/^(on|style$|href|xlink|class$|id$)/i.test(name) : NAMES.has(name);
    const isMathbox = name === "class" && value === "mathbox";
    const acts = ADDRESSES.includes(name) && /^(javascript|vbscript|data:text)/i.test(value.replaceAll(/[\u0000-\u0020]/g, ""));
    if ((!isKept && !isMathbox) || acts) element.removeAttribute(name);
  }
}

function readdress(element, pattern, address) {
  for (const name of ADDRESSES) {
    const value = element.getAttribute(name);
    if (value) element.setAttribute(name, value.replace(pattern, address));
  }
}

/** Text beside paragraphs becomes a paragraph. */
function wrapLoose(root) {
  if (!root.querySelector(BLOCKS)) return;
  let loose = null;
  for (const node of [...root.childNodes]) {
    const isBlock = node.nodeType === Node.ELEMENT_NODE && node.matches(BLOCKS);
    if (isBlock) {
      if (node.localName === "div" && node.attributes.length === 0) renamed(node, "p");
      loose = null;
    } else if (loose) loose.append(node);
    else if (node.textContent.trim() || node.nodeType === Node.ELEMENT_NODE) {
      loose = root.ownerDocument.createElement("p");
      node.replaceWith(loose);
      loose.append(node);
    }
  }
  for (const empty of root.querySelectorAll("p")) {
    if (!empty.textContent.trim() && !empty.querySelector("img,audio,video,math")) empty.remove();
  }
}

function renamed(element, name) {
  if (element.querySelector(BLOCKS)) return;
  const other = element.ownerDocument.createElement(name);
  other.append(...element.childNodes);
  element.replaceWith(other);
}
