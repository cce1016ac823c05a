/* What an editor asks for: links, tables, formulas, files. Each answers HTML, or null. */

import { call } from "./api.js";
import { toEditor } from "./rich_source.js";

const PATIENCE = 600000;
const PAUSE = 300;
const KINDS = "image/*,audio/*,video/*,.pdf";

/**
 * Ask with a dialogue: `fields` is its HTML, `act(form, say)` returns the answer, raises to stay open,
 * or returns undefined to stay open without a word. `start(form, say)` runs when it is shown.
 */
function ask(title, fields, act, start = () => {}) {
  const dialog = document.createElement("dialog");
  dialog.className = "rt-dialog";
  dialog.setAttribute("aria-labelledby", "rt-title");
  dialog.innerHTML = `<form method="dialog" novalidate><header><h2 id="rt-title"></h2></header><div class="body fields">${fields}<p class="err" role="alert" hidden></p></div>
<footer><button class="btn" type="button" data-cancel>Cancel</button><button class="btn primary" type="submit">Insert</button></footer></form>`;
  dialog.querySelector("h2").textContent = title;
  const form = dialog.querySelector("form");
  const line = dialog.querySelector(".err");
  const say = (text) => {
    line.textContent = text;
    line.hidden = !text;
  };
  document.body.append(dialog);
  return new Promise((resolve) => {
    let answer = null;
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      event.stopPropagation();
      const button = form.querySelector('[type="submit"]');
      button.disabled = true;
      say("");
      try {
        answer = await act(form.elements, say);
        dialog.close();
      } catch (error) {
        say(error.message);
      } finally {
        button.disabled = false;
      }
    });
    dialog.showModal();
    start(form.elements, say);
  });
}

const escaped = (text) => {
  const holder = document.createElement("p");
  holder.textContent = text;
  return holder.innerHTML.replaceAll('"', "&quot;");
};

const field = (name, label, control, hint = "") =>
  `<div class="field"><label for="rt-${name}">${label}</label>${control.replace(/^<(\w+)/, `<$1 id="rt-${name}" name="${name}" class="input"`)}${hint && `<p class="hint">${hint}</p>`}</div>`;

/** Ask for a link around `text`. */
export function askLink(text, address = "") {
  const fields = field("href", "Address", '<input type="url" inputmode="url">') + field("text", "Text", "<input>");
  return ask(
    "Link",
    fields,
    ({ href, text: words }) => {
      const target = href.value.trim();
      if (!/^(https?:\/\/|mailto:|\/(?!\/)|media:)/i.test(target)) throw new Error("Write an address that begins with https://, mailto: or /.");
      return `<a href="${escaped(target)}">${escaped(words.value.trim() || target)}</a>`;
    },
    (elements) => {
      elements.href.value = address;
      elements.text.value = text;
    },
  );
}

/** Ask how large a table is. */
export function askTable() {
  const number = (value, most) => `<input type="number" min="1" max="${most}" value="${value}">`;
  const fields =
    field("rows", "Rows", number(3, 50)) +
    field("columns", "Columns", number(2, 20)) +
    '<label class="check"><input type="checkbox" name="head" checked><span>The first row is a heading</span></label>';
  return ask("Table", fields, ({ rows, columns, head }) => {
    const [high, wide] = [rows, columns].map(({ value, max }) => Math.min(Math.max(Number(value) || 1, 1), Number(max)));
    const line = (cell) => `<tr>${cell.repeat(wide)}</tr>`;
    const top = head.checked ? `<thead>${line('<th scope="col"><br></th>')}</thead>` : "";
    return `<table>${top}<tbody>${line("<td><br></td>").repeat(Math.max(high - (head.checked ? 1 : 0), 1))}</tbody></table><p><br></p>`;
  });
}

/** Ask for a formula in TeX; `display` puts it on a line of its own. */
export function askFormula(tex = "", display = false) {
  const fields =
    field("tex", "Formula in TeX", '<textarea rows="3" spellcheck="false" autocapitalize="off"></textarea>', "Such as \\frac{a}{b}, x^2, \\sqrt{x}, \\sum_{i=1}^n i") +
    '<label class="check"><input type="checkbox" name="display"><span>On a line of its own</span></label>' +
    '<output class="rt-preview" aria-label="Preview"></output>';
  const write = ({ tex: text, display: wide }) =>
    call("POST", "/formulas", { tex: text.value, display: wide.checked }).then(({ mathml }) => mathml);
  return ask(
    "Formula",
    fields,
    async (elements) => {
      const mathml = await write(elements);
      return elements.display.checked ? `<div class="mathbox">${mathml}</div>` : mathml;
    },
    (elements, say) => {
      elements.tex.value = tex;
      elements.display.checked = display;
      showFormula(elements, say, write);
    },
  );
}

function showFormula(elements, say, write) {
  const preview = elements.tex.form.querySelector("output");
  let timer = 0;
  const show = async () => {
    const { value } = elements.tex;
    if (!value.trim()) return;
    try {
      const mathml = await write(elements);
      if (elements.tex.value !== value) return;
      preview.replaceChildren(toEditor(mathml));
      say("");
    } catch (error) {
      if (elements.tex.value === value) say(error.message);
    }
  };
  elements.tex.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(show, PAUSE);
  });
  elements.display.addEventListener("change", show);
  show();
}

/** Ask for a picture, a recording or a document, send it, and return what shows it. */
export function askFile(file = null) {
  const fields =
    field("file", "Picture, sound, video or PDF", `<input type="file" accept="${KINDS}">`) +
    field("words", "What it shows, in words", '<textarea rows="2"></textarea>', "For those who cannot see or hear it, and while it loads.") +
    '<label class="check"><input type="checkbox" name="plain"><span>Only decoration: it says nothing that matters</span></label>';
  return ask(
    "Picture, sound or video",
    fields,
    async ({ file: input, words, plain }, say) => {
      const chosen = input.files[0] ?? file;
      const text = words.value.trim();
      if (!chosen) throw new Error("Choose a file first.");
      if (!text && !plain.checked) {
        words.focus();
        throw new Error("Say in words what it shows, or tick that it is only decoration.");
      }
      say("Being sent …");
      const form = new FormData();
      form.append("file", chosen, chosen.name);
      return shown(await call("POST", "/media", form, { patience: PATIENCE }), plain.checked ? "" : text);
    },
    ({ file: input }) => {
      if (file) input.closest(".field").querySelector("label").textContent = `Picture, sound, video or PDF (now: ${file.name})`;
    },
  );
}

function shown({ address, content_type, name }, text) {
  const family = content_type.split("/")[0];
  if (family === "image") return `<img src="${address}" alt="${escaped(text)}">`;
  if (family === "audio" || family === "video") return `<${family} controls src="${address}" aria-label="${escaped(text || name)}"></${family}>`;
  return `<a href="${address}">${escaped(text || name)}</a>`;
}
