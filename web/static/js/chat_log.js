/* A conversation as a list, the same for candidates and proctors: each message once, in order. */

import { spellMoment } from "./pages.js";

const KINDS = { warning: "Warning", announcement: "Announcement" };

export class ChatLog {
  #messages = new Map();
  #elements = new Map();

  /** `side` is who looks: `candidate` or `proctor`. `confirm(message)` is called for a warning. */
  constructor(list, side, confirm = null) {
    Object.assign(this, { list, side, confirm });
  }

  get size() {
    return this.#messages.size;
  }

  /** The other side's messages that were not read here, the oldest first. */
  get unread() {
    return this.#sorted().filter((one) => one.sender !== this.side && !one.read_at);
  }

  /** Warnings that the candidate has not confirmed. */
  get unconfirmed() {
    return this.#sorted().filter((one) => one.kind === "warning" && !one.acknowledged_at);
  }

  clear() {
    this.#messages.clear();
    this.#elements.clear();
    this.list.replaceChildren();
  }

  /**
   * Take a message as it is now; returns whether it is new here. What was not sent yet has no id
   * but a `state`, which is words.
   */
  put(message) {
    const { operation_id: key } = message;
    const known = this.#messages.get(key);
    if (known?.id && !message.id) return false;
    this.#messages.set(key, { ...known, ...message, ...keptMarks(known, message), state: message.state ?? "" });
    this.#draw(this.#messages.get(key));
    return !known;
  }

  /** Forget one that could not be sent. */
  drop(key) {
    this.#messages.delete(key);
    this.#elements.get(key)?.remove();
    this.#elements.delete(key);
  }

  /** Note that messages were read, or warnings confirmed, by the other side or here. */
  mark(ids, at, { acknowledged = [] } = {}) {
    const read = new Set(ids);
    const confirmed = new Set(acknowledged);
    for (const message of this.#messages.values()) {
      if (read.has(message.id)) message.read_at ??= at;
      if (confirmed.has(message.id)) message.acknowledged_at ??= at;
      if (read.has(message.id) || confirmed.has(message.id)) this.#draw(message);
    }
  }

  showEnd() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  #sorted() {
    return [...this.#messages.values()].sort((a, b) => Date.parse(a.sent_at) - Date.parse(b.sent_at));
  }

  #draw(message) {
    const element = this.#elements.get(message.operation_id) ?? this.#add(message);
    const isMine = message.sender === this.side;
    element.className = `msg ${isMine ? "mine" : "theirs"} ${message.kind}`;
    element.querySelector(".who").textContent = this.#author(message, isMine);
    element.querySelector("p").textContent = message.text;
    element.querySelector("small").textContent = this.#foot(message, isMine);
    const button = element.querySelector("button");
    if (button) button.hidden = Boolean(message.acknowledged_at);
  }

  #author(message, isMine) {
    const kind = KINDS[message.kind];
    const name = isMine ? "You" : message.author_name || (message.sender === "proctor" ? "Proctor" : "Candidate");
    return kind ? `${kind} · ${name}` : name;
  }

  #foot(message, isMine) {
    if (message.state) return message.state;
    const parts = [spellMoment(message.sent_at)];
    if (message.acknowledged_at) parts.push("Confirmed");
    else if (isMine && message.read_at) parts.push(this.side === "candidate" ? "Seen" : `Read ${spellMoment(message.read_at)}`);
    return parts.join(" · ");
  }

  #add(message) {
    const element = document.createElement("li");
    const who = document.createElement("b");
    who.className = "who";
    element.append(who, document.createElement("p"));
    if (message.kind === "warning" && this.confirm) element.append(this.#button(message.operation_id));
    const foot = document.createElement("small");
    foot.className = "num";
    element.append(foot);
    this.#elements.set(message.operation_id, element);
    const order = this.#sorted();
    const next = order[order.findIndex((one) => one.operation_id === message.operation_id) + 1];
    this.list.insertBefore(element, this.#elements.get(next?.operation_id) ?? null);
    return element;
  }

  #button(key) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "btn sm", textContent: "I have read this" });
    button.addEventListener("click", () => this.confirm(this.#messages.get(key)));
    return button;
  }
}

/** A mark that came over the live stream may be newer than the answer it overtook. */
function keptMarks(known, message) {
  return {
    read_at: message.read_at ?? known?.read_at ?? null,
    acknowledged_at: message.acknowledged_at ?? known?.acknowledged_at ?? null,
  };
}

/** Send a form's text on Enter; Shift + Enter begins a new line. */
export function sendOnEnter(field) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
}
