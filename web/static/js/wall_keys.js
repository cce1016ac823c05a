/* Keyboard shortcuts of the wall; they can be turned off, for people who speak to their computer. */

import { byId } from "./pages.js";

const OFF = "examhall-wall-keys-off";

/** `acts` are functions by key; nothing is taken while somebody writes or a dialog is open. */
export function initKeys(acts) {
  const choice = byId("keys-on");
  choice.checked = localStorage.getItem(OFF) !== "1";
  choice.addEventListener("change", () => localStorage.setItem(OFF, choice.checked ? "0" : "1"));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    if (!choice.checked || isWriting(event.target) || document.querySelector("dialog[open]")) return;
    const act = acts[event.key] ?? acts[event.key.toLowerCase()];
    if (!act || act(event) === false) return;
    event.preventDefault();
  });
}

const isWriting = (element) => Boolean(element.closest?.("input,textarea,select,audio"));

/** Move the focus between tiles as they stand in rows and columns. */
export function moveAmong(list, key) {
  const buttons = [...list.querySelectorAll("[data-person]")];
  if (!buttons.length) return false;
  const here = buttons.indexOf(document.activeElement);
  if (here < 0) {
    buttons[0].focus();
    return true;
  }
  const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  buttons[here + step]?.focus();
  return true;
}
