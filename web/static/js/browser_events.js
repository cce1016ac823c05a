/* What the exam page notices about itself and the browser around it. Never what is typed or copied. */

import { now } from "./chunk_sender.js";
import { countDisplays } from "./screen.js";

const BEAT = 1000;
const CALM_BEATS = 5;
const GATHER = 200;
const BEHIND = 10;
const LONG_GATHER = 8000;
const MOST = 40;
const PANEL = 160;

// Everybody edits and moves in a text with these.
const EDITING = new Set([
  ..."abciuvxyz",
  "arrowleft", "arrowright", "arrowup", "arrowdown", "backspace", "delete", "end", "enter", "home",
]);
const ALONE = new Set(["F12", "PrintScreen"]);
const MODIFIERS = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock", "Dead", "Process"]);

/** Return the name of a key combination ("Ctrl+P"), null for typing and ordinary editing. */
export function nameCombo(event) {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  if (!key || event.repeat || MODIFIERS.has(key)) return null;
  // With AltGr, or Option on a Mac, people type characters.
  if (event.getModifierState("AltGraph") || (altKey && !ctrlKey && !metaKey && key.length === 1)) return null;
  if (!ctrlKey && !metaKey && !altKey && !ALONE.has(key)) return null;
  const isEditing = EDITING.has(key.toLowerCase()) && !(shiftKey && key.length === 1);
  if ((ctrlKey || metaKey) && !altKey && isEditing) return null;
  const held = [ctrlKey && "Ctrl", altKey && "Alt", shiftKey && "Shift", metaKey && "Meta"];
  return [...held.filter(Boolean), key.length === 1 ? key.toUpperCase() : key].join("+");
}

/** Guesses from the size of the window whether a panel of tools was opened or closed at its edge. */
class PanelGuess {
  #last = this.#measure();
  isOpen = false;

  #measure() {
    return { outer: [outerWidth, outerHeight], inner: [innerWidth, innerHeight], zoom: devicePixelRatio };
  }

  /** Return true when the guess has changed. */
  look() {
    const before = this.#last;
    const after = (this.#last = this.#measure());
    // A keyboard on a touch screen takes room too.
    if (matchMedia("(pointer: coarse)").matches || before.zoom !== after.zoom) return false;
    if (before.outer.some((size, n) => size !== after.outer[n])) return false;
    const taken = Math.max(...before.inner.map((size, n) => size - after.inner[n]));
    const given = Math.max(...before.inner.map((size, n) => after.inner[n] - size));
    if (taken >= PANEL && !this.isOpen) this.isOpen = true;
    else if (given >= PANEL && this.isOpen) this.isOpen = false;
    else return false;
    return true;
  }
}

/**
 * Records browser events as chunks of the stream `browser`. `devices()` gives what the heartbeat
 * says of the other recorders; `wantsFullscreen` whether the exam asks for full screen. The state
 * of this recorder is `on` or `ended`; event `change` when full screen or the displays change.
 */
export class BrowserRecorder extends EventTarget {
  #ticker = new Worker(new URL("ticker.js", import.meta.url));
  #panel = new PanelGuess();
  #ending = new AbortController();
  #events = [];
  #beats = 0;
  #flush = 0;
  #isLeaving = false;
  #isFocused = document.hasFocus();
  #displays = null;

  state = "starting";
  problem = "";

  constructor(sender, { devices, wantsFullscreen }) {
    super();
    const canFill = wantsFullscreen && document.fullscreenEnabled;
    Object.assign(this, { sender, devices, canFill });
    this.#ticker.onmessage = () => this.#beat();
  }

  /** Whether full screen is filled, null where nobody asks for it or the browser has none. */
  get isFull() {
    return this.canFill ? document.fullscreenElement !== null : null;
  }

  async start() {
    this.state = "on";
    this.#listen();
    this.#ticker.postMessage(BEAT);
    await this.#lookAtDisplays();
    this.#beatNow();
  }

  async stop() {
    if (this.state === "ended") return;
    this.state = "ended";
    this.#ending.abort();
    this.#ticker.postMessage(0);
    await this.#close();
  }

  /** Note that something happened: it goes out at once. */
  note(type, details = {}) {
    if (this.state !== "on") return;
    this.#events.push({ at: now(), event: { type, ...details } });
    if (this.#events.length >= MOST) this.#close();
    else this.#flush ||= setTimeout(() => this.#close(), this.#gather);
    if (!type.startsWith("state")) this.dispatchEvent(new Event("change"));
  }

  /** When chunks pile up, fewer and longer ones. */
  get #gather() {
    return this.sender.waitingOf("browser") > BEHIND ? LONG_GATHER : GATHER;
  }

  #on(target, name, handle) {
    target.addEventListener(name, handle, { signal: this.#ending.signal, capture: true });
  }

  #listen() {
    this.#on(document, "visibilitychange", () => {
      // A page that is left or loaded anew is hidden at the very end: that is no look elsewhere.
      if (!this.#isLeaving) this.note(document.hidden ? "tab.hidden" : "tab.visible");
    });
    this.#on(window, "pagehide", () => {
      this.#isLeaving = true;
      this.#close();
    });
    this.#on(window, "pageshow", () => (this.#isLeaving = false));
    for (const name of ["blur", "focus"]) this.#on(window, name, () => this.#lookAtFocus());
    this.#on(document, "fullscreenchange", () => {
      if (this.canFill) this.note(this.isFull ? "fullscreen.entered" : "fullscreen.left");
    });
    for (const name of ["copy", "cut"]) this.#on(document, name, () => this.note(name));
    this.#on(document, "paste", ({ clipboardData }) => {
      this.note("paste", { length: clipboardData?.getData("text/plain").length ?? 0 });
    });
    this.#on(window, "beforeprint", () => this.note("print"));
    this.#on(document, "contextmenu", ({ pointerType }) => {
      // A long press on a touch screen selects a word.
      if (pointerType !== "touch") this.note("context_menu");
    });
    this.#on(document, "keydown", (event) => {
      const combo = nameCombo(event);
      if (combo) this.note("key", { combo });
    });
    this.#on(window, "resize", () => {
      if (this.#panel.look()) this.note("devtools", { open: this.#panel.isOpen });
    });
    if (screen.addEventListener) this.#on(screen, "change", () => this.#lookAtDisplays());
  }

  #lookAtFocus() {
    // Focus inside a frame of this page is still here.
    const isFocused = document.hasFocus();
    if (isFocused === this.#isFocused || this.#isLeaving) return;
    this.#isFocused = isFocused;
    this.note(isFocused ? "focus.back" : "focus.lost");
  }

  async #lookAtDisplays() {
    const count = await countDisplays();
    const before = this.#displays;
    this.#displays = count;
    if (count !== null && count !== before && (before !== null || count > 1)) this.note("displays", { count });
  }

  get displays() {
    return this.#displays;
  }

  #beat() {
    this.#lookAtFocus();
    this.#beats += 1;
    const { camera, microphone, screen: shared } = this.devices();
    const isLost = [camera, microphone, shared].some((state) => state && !["on", "starting"].includes(state));
    const isCalm = !document.hidden && this.#isFocused && this.isFull !== false && !isLost;
    if (this.#beats % CALM_BEATS === 0) this.#lookAtDisplays();
    if (!isCalm || this.#beats % CALM_BEATS === 0) this.#beatNow();
  }

  #beatNow() {
    this.note("state", {
      hidden: document.hidden,
      focused: this.#isFocused,
      fullscreen: this.isFull,
      displays: this.#displays,
      ...this.devices(),
      online: !this.sender.isOffline,
    });
  }

  async #close() {
    clearTimeout(this.#flush);
    this.#flush = 0;
    const events = this.#events;
    this.#events = [];
    if (!events.length) return;
    await this.sender.add({
      stream: "browser",
      started_at: new Date(events[0].at).toISOString(),
      ended_at: new Date(events.at(-1).at).toISOString(),
      samples: events.map(({ at, event }) => ({
        at: new Date(at).toISOString(),
        blob: new Blob([JSON.stringify(event)], { type: "application/json" }),
      })),
    });
  }
}
