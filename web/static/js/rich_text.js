/* The editor of authors' HTML, around the text area that is sent and that works without this script. */

import { askFile, askFormula, askLink, askTable } from "./rich_dialogs.js";
import { toEditor, toSource, wrap } from "./rich_source.js";

const MODE = "examhall-editor";
const STYLES = [["p", "Text"], ["h3", "Heading"], ["h4", "Small heading"], ["pre", "Program"], ["blockquote", "Quotation"]];
const TOOLS = [
  ["bold", "Bold", "B", "Ctrl+B"],
  ["italic", "Italic", "I", "Ctrl+I"],
  ["code", "Code", "<>", ""],
  ["insertUnorderedList", "List", "•―", ""],
  ["insertOrderedList", "Numbered list", "1.―", ""],
  ["link", "Link", "Link", "Ctrl+K"],
  ["table", "Table", "Table", ""],
  ["formula", "Formula", "∑", "Ctrl+M"],
  ["file", "Picture, sound or video", "Media", ""],
];

class HtmlField extends HTMLElement {
  connectedCallback() {
    if (this.isReady) return;
    this.isReady = true;
    this.area = this.querySelector("textarea");
    this.bar = this.#makeBar();
    this.prepend(this.bar);
    // Labels and links to what is wrong lead to the area: from there to what is seen.
    this.area.addEventListener("focus", () => this.dataset.mode === "rich" && this.editor.focus());
    // Beside many short texts, such as the options of a choice, the plain field is quicker.
    this.#turn(this.closest(".rowcard") || read() === "html" ? "html" : "rich", { silent: true });
  }

  #makeBar() {
    const bar = document.createElement("div");
    bar.className = "rt-bar";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", `Editing ${this.#name()}`);
    this.select = document.createElement("select");
    this.select.setAttribute("aria-label", "Style");
    this.select.append(...STYLES.map(([value, text]) => new Option(text, value)));
    this.select.addEventListener("change", () => this.#run("formatBlock", this.select.value));
    // What stands in the bar is no change of the form.
    bar.addEventListener("input", (event) => event.stopPropagation());
    bar.addEventListener("change", (event) => event.stopPropagation());
    const tools = TOOLS.map(([name, label, sign, keys]) => this.#makeTool(name, label, sign, keys));
    this.toggle = this.#makeTool("mode", "", "HTML", "");
    bar.append(this.select, ...tools, this.toggle);
    bar.addEventListener("keydown", (event) => this.#walk(event));
    return bar;
  }

  #makeTool(name, label, sign, keys) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: `btn ghost sm rt-${name}`, textContent: sign, title: keys ? `${label} (${keys})` : label });
    if (label) button.setAttribute("aria-label", label);
    // The selection in the text stays where it is.
    button.addEventListener("mousedown", (event) => event.preventDefault());
    button.addEventListener("click", () => this.#use(name));
    button.dataset.tool = name;
    return button;
  }

  #name() {
    const label = document.querySelector(`label[for="${CSS.escape(this.area.id)}"]`);
    return (label?.firstChild?.textContent ?? "text").trim();
  }

  /** One stop of the Tab key for the whole bar; arrows go along it. */
  #walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || (event.target === this.select && event.altKey)) return;
    const stops = [...this.bar.children].filter((stop) => !stop.hidden);
    const next = stops[(stops.indexOf(event.target) + step + stops.length) % stops.length];
    event.preventDefault();
    this.#rove(next);
    next.focus();
  }

  #rove(stop) {
    for (const other of this.bar.children) other.tabIndex = other === stop ? 0 : -1;
  }

  #makeEditor() {
    const editor = document.createElement("div");
    editor.className = "rt-text prose";
    editor.contentEditable = "true";
    for (const [name, value] of Object.entries({ role: "textbox", "aria-multiline": "true", "aria-label": this.#name() })) editor.setAttribute(name, value);
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (this.area.hasAttribute(name)) editor.setAttribute(name, this.area.getAttribute(name));
    }
    editor.addEventListener("input", (event) => {
      event.stopPropagation();
      this.#write();
    });
    editor.addEventListener("keydown", (event) => this.#press(event));
    editor.addEventListener("click", ({ target }) => this.#change(target.closest('[data-atom="math"]')));
    for (const type of ["paste", "drop"]) editor.addEventListener(type, (event) => this.#receive(event));
    document.execCommand("defaultParagraphSeparator", false, "p");
    document.execCommand("styleWithCSS", false, false);
    return editor;
  }

  #turn(mode, { silent = false } = {}) {
    const isRich = mode === "rich";
    if (isRich) {
      this.editor ??= this.#makeEditor();
      this.editor.replaceChildren(toEditor(this.area.value));
      this.area.before(this.editor);
    } else this.editor?.remove();
    this.area.classList.toggle("vh", isRich);
    this.area.tabIndex = isRich ? -1 : 0;
    if (isRich) this.area.setAttribute("aria-hidden", "true");
    else this.area.removeAttribute("aria-hidden");
    this.dataset.mode = mode;
    for (const tool of [this.select, ...this.bar.querySelectorAll("[data-tool]")]) tool.hidden = !isRich && tool !== this.toggle;
    this.toggle.textContent = isRich ? "HTML" : "Format";
    this.toggle.setAttribute("aria-label", isRich ? `Write ${this.#name()} as HTML` : `Format ${this.#name()}`);
    this.#rove(isRich ? this.select : this.toggle);
    if (silent) return;
    keep(mode);
    (isRich ? this.editor : this.area).focus();
  }

  #write() {
    this.area.value = toSource(this.editor);
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  #use(name) {
    this.#rove(this.bar.querySelector(`[data-tool="${name}"]`));
    if (name === "mode") this.#turn(this.dataset.mode === "rich" ? "html" : "rich");
    else if (name === "code") this.#code();
    else if (name === "link") this.#link();
    else if (name === "table") this.#ask(askTable);
    else if (name === "formula") this.#ask(askFormula);
    else if (name === "file") this.#ask(askFile);
    else this.#run(name);
  }

  #run(command, value) {
    this.editor.focus();
    document.execCommand(command, false, value && `<${value}>`);
    this.#write();
  }

  #press(event) {
    const math = event.target.closest?.('[data-atom="math"]');
    if (math && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      this.#change(math);
    } else if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      const tool = { k: "link", m: "formula" }[event.key.toLowerCase()];
      if (!tool) return;
      event.preventDefault();
      this.#use(tool);
    }
  }

  #range() {
    const selection = getSelection();
    if (selection.rangeCount && this.editor.contains(selection.anchorNode)) return selection.getRangeAt(0).cloneRange();
    const end = document.createRange();
    end.selectNodeContents(this.editor);
    end.collapse(false);
    return end;
  }

  #select(range) {
    this.editor.focus();
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
  }

  /** Ask with a dialogue, then put its answer where the cursor was. */
  async #ask(dialogue, ...given) {
    const range = this.#range();
    const html = await dialogue(...given);
    this.#select(range);
    if (html !== null) this.#insert(html);
  }

  #insert(html) {
    const holder = document.createElement("div");
    holder.append(toEditor(html));
    // Behind something that is changed as a whole the cursor needs a place.
    const isAtom = holder.lastElementChild?.matches("[data-atom], .mathbox") && holder.lastChild === holder.lastElementChild;
    document.execCommand("insertHTML", false, holder.innerHTML + (isAtom ? "&nbsp;" : ""));
    for (const bare of this.editor.querySelectorAll("math, audio, video")) if (!bare.closest("[data-atom]")) wrap(bare);
    this.#write();
  }

  #code() {
    const range = this.#range();
    const around = range.commonAncestorContainer.parentElement?.closest("code");
    this.#select(range);
    if (around && this.editor.contains(around)) around.replaceWith(...around.childNodes);
    else {
      const holder = document.createElement("p");
      holder.textContent = range.toString() || "code";
      document.execCommand("insertHTML", false, `<code>${holder.innerHTML}</code>`);
    }
    this.#write();
  }

  #link() {
    const range = this.#range();
    const link = range.startContainer.parentElement?.closest("a");
    if (link && this.editor.contains(link)) {
      range.selectNode(link);
      this.#select(range);
    }
    this.#ask(askLink, range.toString(), link?.getAttribute("href") ?? "");
  }

  async #change(casing) {
    if (!casing) return;
    const math = casing.querySelector("math");
    const isWide = math.getAttribute("display") === "block";
    const html = await askFormula(math.getAttribute("alttext") ?? math.textContent, isWide);
    if (html !== null) {
      const box = casing.closest(".mathbox") ?? casing;
      box.replaceWith(toEditor(html));
      this.#write();
    }
    this.editor.focus();
  }

  /** What is pasted or dropped comes in without what acts; a picture is asked about. */
  #receive(event) {
    const data = event.clipboardData ?? event.dataTransfer;
    const [file] = data?.files ?? [];
    const html = data?.getData("text/html");
    if (file && !html) {
      event.preventDefault();
      this.#ask(askFile, file);
    } else if (html && event.type === "paste") {
      event.preventDefault();
      this.#insert(html);
    }
  }
}

function read() {
  try {
    return localStorage.getItem(MODE);
  } catch {
    return null;
  }
}

function keep(mode) {
  try {
    localStorage.setItem(MODE, mode);
  } catch {
    // Without storage the next page begins as this one did.
  }
}

if (!customElements.get("eh-html-field")) customElements.define("eh-html-field", HtmlField);
