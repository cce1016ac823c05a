/* Reading and restoring the controls of an item, whatever its question type, by their names. */

function* named(container) {
  for (const control of container.querySelectorAll("[name]")) {
    if (control.closest("[data-no-response]")) continue;
    if (!(control instanceof HTMLButtonElement)) yield control;
  }
}

const isTick = (control) => control.type === "checkbox" || control.type === "radio";
const isMany = (control) => control.type === "select-multiple";

/**
 * Return a text as it can be stored: pasted text may hold what no database takes, and the whole
 * answer would be refused for it. Half a character becomes U+FFFD, as in UTF-8; NUL, which nobody
 * sees, goes. What is no text stays as it is.
 */
function storable(value) {
  if (typeof value !== "string") return value;
  // Older browsers do not know it; there the server refuses half a character, and says so.
  return (value.toWellFormed?.() ?? value).replaceAll("\0", "");
}

/** Return names with texts; check boxes and multiple selections give lists of texts. */
export function readControls(container) {
  const raw = {};
  for (const control of named(container)) {
    const name = control.getAttribute("name");
    if (control.type === "checkbox") {
      raw[name] ??= [];
      if (control.checked) raw[name].push(control.value);
    } else if (control.type === "radio") {
      if (control.checked) raw[name] = control.value;
    } else if (isMany(control)) {
      raw[name] = Array.from(control.selectedOptions, (option) => option.value);
    } else if (control.value !== undefined && control.value !== null) {
      raw[name] = storable(control.value);
    }
  }
  return raw;
}

/**
 * Put a raw response back; controls that it does not name are emptied. The event `restored` on the
 * container tells elements that draw their controls in another way.
 */
export function restoreControls(container, raw) {
  for (const control of named(container)) {
    const value = raw?.[control.getAttribute("name")];
    const texts = Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)];
    if (isTick(control)) control.checked = texts.includes(control.value);
    else if (isMany(control)) {
      for (const option of control.options) option.selected = texts.includes(option.value);
    } else control.value = control.tagName.includes("-") ? (value ?? "") : (texts[0] ?? "");
  }
  container.dispatchEvent(new Event("restored"));
}

/** How sure a candidate is says nothing about the question itself. */
const CERTAINTY = "@certainty";

/** Say whether there is an answer at all. */
export function isAnswered(raw) {
  return Object.entries(raw ?? {}).some(([name, value]) => {
    if (name === CERTAINTY) return false;
    return Array.isArray(value) ? value.length > 0 : String(value ?? "").trim() !== "";
  });
}
