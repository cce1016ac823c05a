/* Single keys for the review; they can be switched off and leave text fields alone. */

import { byId } from "./pages.js";

const KEPT = "examhall-review-keys";
const JUMP = 5000;
const TYPING = "input:not([type=checkbox]):not([type=radio]), textarea, select, dialog[open], [contenteditable]";

/** `does` holds the page's actions, its player, its list of incidents and its sound. */
export function initKeys({ player, list, ...does }) {
  const speeds = byId("speed");
  const changeSpeed = (step) => {
    const index = Math.max(0, Math.min(speeds.options.length - 1, speeds.selectedIndex + step));
    speeds.selectedIndex = index;
    player.setSpeed(Number(speeds.value));
  };
  const keys = {
    " ": does.play,
    ArrowLeft: () => player.seek(player.position - JUMP),
    ArrowRight: () => player.seek(player.position + JUMP),
    ",": does["frame-back"],
    ".": does.frame,
    n: does.next,
    p: does.previous,
    d: () => list.judge("dismissed"),
    o: () => list.judge("open"),
    e: () => list.askForNote(),
    c: () => list.toggleCounts(),
    "-": () => changeSpeed(-1),
    "+": () => changeSpeed(1),
    m: does.mute,
    g: () => {
      byId("decision").scrollIntoView();
      byId("decision").focus();
    },
  };
  const box = byId("keys-on");
  box.checked = localStorage.getItem(KEPT) !== "0";
  box.addEventListener("change", () => localStorage.setItem(KEPT, box.checked ? "1" : "0"));
  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(TYPING) || document.querySelector("dialog[open]")) return;
    // Space and the arrows keep their meaning on buttons, boxes and choices.
    const isOwn = event.key === " " || event.key.startsWith("Arrow");
    if (isOwn && event.target.closest("button, a, summary, input")) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
