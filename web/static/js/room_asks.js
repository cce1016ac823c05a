/* What the recording needs a press of the candidate for: sharing the screen, filling it. */

import { byId } from "./pages.js";

/** Show and hide the requests as the recording goes. Nothing waits for them. */
export function askFor(capture) {
  const { screen, browser } = capture.recorders;
  const press = (name, act) => byId(`ask-${name}`)?.querySelector("button").addEventListener("click", act);
  press("screen", () => screen.start());
  press("fullscreen", () => document.documentElement.requestFullscreen({ navigationUI: "hide" }).catch(() => {}));
  let wasFull = false;
  const draw = () => {
    const isShared = !screen || ["on", "muted", "ended"].includes(screen.state);
    show("screen", !isShared, screen?.problem);
    wasFull ||= browser?.isFull === true;
    const isAsked = browser?.state === "on" && browser.isFull === false;
    show("fullscreen", isAsked, wasFull ? "You have left full screen. Your answers are safe." : "This exam is taken in full screen.");
  };
  for (const recorder of [screen, browser]) recorder?.addEventListener("change", draw);
  draw();
}

function show(name, isShown, text) {
  const ask = byId(`ask-${name}`);
  if (!ask) return;
  ask.hidden = !isShown;
  const line = ask.querySelector("[data-text]");
  if (isShown && text && line.textContent !== text) line.textContent = text;
}
