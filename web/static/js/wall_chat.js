/* The proctor's side of conversations: with one candidate, and announcements to all. */

import { call, newId } from "./api.js";
import { ChatLog, sendOnEnter } from "./chat_log.js";
import { byId } from "./pages.js";

/** Let a choice of messages at hand fill a text field. */
export function initCanned(choice, field, texts) {
  for (const text of texts) choice.append(new Option(text.length > 80 ? `${text.slice(0, 79)}…` : text, text));
  choice.hidden = texts.length === 0;
  choice.addEventListener("change", () => {
    if (choice.value) field.value = choice.value;
    choice.selectedIndex = 0;
    field.focus();
  });
}

export class Conversation {
  #session = null;
  #reading = 0;
  /** What is being sent: pressed again after a failure, it is the same message. */
  #draft = null;

  /** `allowed.control` says whether messages can be written here. */
  constructor(allowed, changed) {
    Object.assign(this, { allowed, changed });
    this.log = new ChatLog(byId("person-log"), "proctor");
    const form = byId("person-chat");
    if (!form) return;
    this.field = byId("person-text");
    sendOnEnter(this.field);
    initCanned(byId("person-canned"), this.field, allowed.canned);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(event.submitter?.value || "message");
    });
  }

  /** Show the conversation of a session. */
  async open(session) {
    this.#session = session;
    this.log.clear();
    this.#draft = null;
    this.#say("");
    if (this.field) this.field.value = "";
    await this.read();
  }

  close() {
    this.#session = null;
  }

  async read() {
    if (!this.#session) return;
    const turn = ++this.#reading;
    const { id } = this.#session;
    try {
      let cursor = "";
      do {
        const path = `/proctoring/sessions/${id}/messages?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`;
        const page = await call("GET", path);
        if (turn !== this.#reading || this.#session?.id !== id) return;
        for (const message of page.items) this.log.put(message);
        cursor = page.next_cursor;
      } while (cursor);
    } catch (error) {
      this.#say(error.message);
    }
    this.log.showEnd();
    this.#noteSeen();
  }

  /** Take a message of the live stream. */
  take(message) {
    if (message.session_id !== this.#session?.id) return;
    if (this.log.put(message)) this.log.showEnd();
    this.#noteSeen();
  }

  noteRead({ session_id: id, message_ids: ids, acknowledged_ids: acknowledged = [], at }) {
    if (id === this.#session?.id) this.log.mark(ids, at, { acknowledged });
  }

  async #noteSeen() {
    const session = this.#session;
    const ids = this.log.unread.map(({ id }) => id).slice(0, 200);
    if (!ids.length || !this.allowed.control || document.hidden) return;
    this.log.mark(ids, new Date().toISOString());
    try {
      const { unread } = await call("POST", `/proctoring/sessions/${session.id}/messages/read`, { message_ids: ids });
      session.unread_messages = unread;
      this.changed();
    } catch {
      // They stay unread for everybody; the next look tries again.
    }
  }

  async #send(kind) {
    const text = this.field.value.trim();
    if (!text) return;
    const { id } = this.#session;
    if (this.#draft?.text !== text || this.#draft.kind !== kind) this.#draft = { operation_id: newId(), text, kind };
    try {
      const sent = await call("POST", `/proctoring/sessions/${id}/messages`, this.#draft);
      this.#draft = null;
      if (this.#session?.id !== id) return;
      this.log.put(sent);
      this.log.showEnd();
      if (this.field.value.trim() === text) this.field.value = "";
      this.#say("");
    } catch (error) {
      this.#say(`Not sent. ${error.message}`);
    }
  }

  #say(text) {
    byId("person-chat-problem").textContent = text;
    byId("person-chat-problem").hidden = !text;
  }
}

/** The dialog that says something to everybody. */
export function initAnnounce(allowed) {
  const dialog = byId("announce");
  if (!dialog) return;
  const field = byId("announce-text");
  let draft = null;
  initCanned(byId("announce-canned"), field, allowed.canned);
  field.form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    if (draft?.text !== text) draft = { operation_id: newId(), text };
    try {
      const { count } = await call("POST", `/proctoring/exams/${allowed.exam_id}/announcements`, draft);
      byId("announce-said").textContent = count === 1 ? "Sent to 1 candidate." : `Sent to ${count} candidates.`;
      field.value = "";
      draft = null;
    } catch (error) {
      byId("announce-said").textContent = `Not sent. ${error.message}`;
    }
  });
  dialog.addEventListener("close", () => {
    byId("announce-said").textContent = "";
  });
}

/** The dialog in which a warning about an incident is written. */
export class Warning {
  constructor(allowed) {
    this.dialog = byId("warn");
    if (!this.dialog) return;
    this.field = byId("warn-text");
    initCanned(byId("warn-canned"), this.field, allowed.canned);
    this.field.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
  }

  /** Ask for the words; `sent(text)` is called once the candidate has them. */
  open(session, incident, sent) {
    Object.assign(this, { session, sent, operation: newId() });
    byId("warn-about").textContent = `${session.candidate_name}: ${incident.title}`;
    byId("warn-problem").hidden = true;
    this.field.value = "";
    this.dialog.showModal();
  }

  async #send() {
    const text = this.field.value.trim();
    if (!text) return;
    try {
      const body = { operation_id: this.operation, text, kind: "warning" };
      await call("POST", `/proctoring/sessions/${this.session.id}/messages`, body);
      this.dialog.close();
      this.sent(text);
    } catch (error) {
      this.operation = newId();
      byId("warn-problem").textContent = `Not sent. ${error.message}`;
      byId("warn-problem").hidden = false;
    }
  }
}
