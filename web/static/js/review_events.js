/* What the exam page noted, as far as it is loaded, in order of time. */

import { byId } from "./pages.js";

const WORDS = {
  "tab.hidden": "The page was hidden",
  "tab.visible": "The page was shown again",
  "focus.lost": "Another window had the focus",
  "focus.back": "The focus came back",
  "fullscreen.left": "Full screen was left",
  "fullscreen.entered": "Full screen was entered",
  copy: "Something was copied",
  cut: "Something was cut",
  paste: "Something was pasted",
  print: "Print was called",
  context_menu: "The context menu was called",
  key: "A key combination was pressed",
  displays: "The number of displays changed",
  devtools: "The developer tools may have been opened or closed",
};

export class EventLog {
  #known = new Set();

  constructor(player) {
    this.player = player;
  }

  /** Add the events of a window; each is shown once. */
  add(events) {
    const list = byId("events");
    for (const event of events) {
      const key = `${event.at} ${event.type}`;
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      const later = [...list.children].find((other) => other.dataset.time > event.at);
      list.insertBefore(drawEvent(event), later ?? null);
    }
    byId("event-count").textContent = this.#known.size || "";
    byId("no-events").hidden = this.#known.size > 0;
  }
}

function drawEvent({ at, type, data }) {
  const item = document.createElement("li");
  item.dataset.time = at;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "link num" });
  button.dataset.at = at;
  button.textContent = new Date(at).toTimeString().slice(0, 8);
  const text = document.createElement("span");
  const more = Object.entries(data).map(([name, value]) => `${name} ${value}`);
  text.textContent = [WORDS[type] ?? spell(type), ...more].join(", ");
  item.append(button, text);
  return item;
}

function spell(type) {
  const words = type.replaceAll(/[._]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
