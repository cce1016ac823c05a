/* Files as answers: how a response names them, and how they get to the server. */

const LINE = /^(media:[0-9a-f]{64}) ([0-9]{1,12}) ([a-z]+\/[a-z0-9.+-]+) (.+)$/;

/** Return the line of a response that names a stored file. */
export function writeLine({ reference, size, content_type, name }) {
  return `${reference} ${size} ${content_type} ${name || "file"}`;
}

/** Return what a line names, null where it names nothing. */
export function readLine(line) {
  const [, reference, size, type, name] = LINE.exec(line) ?? [];
  return reference ? { reference, size: Number(size), type, name, address: `/media/${reference.slice(6)}` } : null;
}

/**
 * Ask the page to store a file for the element's question; the exam room keeps it on this device
 * until it is stored. Returns an upload: `state` is sending, waiting, stored or refused, `message`
 * says why, `result` is what was stored; event `change`.
 */
export function send(element, blob, name) {
  const detail = { blob, name, upload: null };
  element.dispatchEvent(new CustomEvent("eh-upload", { bubbles: true, detail }));
  return detail.upload ?? new Trial(blob, name);
}

/** In a preview nothing is stored: the file only looks as if it were. */
class Trial extends EventTarget {
  state = "sending";
  message = "";

  constructor(blob, name) {
    super();
    Object.assign(this, { name, size: blob.size });
    this.#take(blob);
  }

  async #take(blob) {
    const digest = await crypto.subtle?.digest("SHA-256", await blob.arrayBuffer());
    const hex = Array.from(new Uint8Array(digest ?? 32), (byte) => byte.toString(16).padStart(2, "0"));
    const content_type = blob.type.split(";")[0] || "application/octet-stream";
    this.result = { reference: `media:${hex.join("")}`, size: blob.size, content_type, name: this.name };
    this.state = "stored";
    this.dispatchEvent(new Event("change"));
  }
}

/** An element that is a control of a form: its value is a list of lines. */
export class FileControl extends HTMLElement {
  static formAssociated = true;
  #internals = this.attachInternals();
  #lines = [];

  connectedCallback() {
    if (this.isReady) return;
    this.isReady = true;
    this.start();
    // A page may have set the value before this script was there.
    if (Object.hasOwn(this, "value")) {
      const { value } = this;
      delete this.value;
      this.value = value;
    }
    this.draw();
  }

  get value() {
    return [...this.#lines];
  }

  set value(lines) {
    this.#keep([lines].flat().filter((line) => readLine(line)));
  }

  get files() {
    return this.#lines.map(readLine);
  }

  /** Change the answer as if the candidate had, and tell it. */
  change(lines) {
    this.#keep(lines);
    for (const name of ["input", "change"]) this.dispatchEvent(new Event(name, { bubbles: true }));
  }

  say(text) {
    this.querySelector("[data-say]").textContent = text;
  }

  #keep(lines) {
    this.#lines = [...new Set(lines)];
    const form = new FormData();
    for (const line of this.#lines) form.append(this.getAttribute("name"), line);
    this.#internals.setFormValue(form);
    if (this.isReady) this.draw();
  }
}

export function spellSize(size) {
  if (size >= 1048576) return `${(size / 1048576).toFixed(1).replace(/\.0$/, "")} MB`;
  return `${Math.max(Math.floor(size / 1024), 1)} kB`;
}

/** Return what shows a file: a picture, a player, or nothing. */
export function player(type, address, name) {
  const family = type.split("/")[0];
  const tag = { image: "img", audio: "audio", video: "video" }[family];
  if (!tag) return null;
  const element = document.createElement(tag);
  element.src = address;
  if (tag === "img") element.alt = name;
  else Object.assign(element, { controls: true, preload: "metadata", ariaLabel: name });
  return element;
}

export function define(name, type) {
  if (!customElements.get(name)) customElements.define(name, type);
}
