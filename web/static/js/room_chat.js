/*
 * The candidate's conversation with the proctors. What is written without a connection waits on the
 * device. Nothing here takes the focus or lies over an answer: news stand beside the question, on a
 * narrow screen in a row above it.
 */

import { call, newId } from "./api.js";
import { ChatLog, sendOnEnter } from "./chat_log.js";
import { byId } from "./pages.js";

const RETRY = 4000;
const LIMITED = 20000;
const NARROW = matchMedia("(max-width: 1100px)");

export class RoomChat {
  #isSending = false;
  #timer = 0;
  #marking = new Set();
  #isInView = false;

  constructor(attemptId) {
    this.path = `/attempts/${attemptId}/messages`;
    this.key = `examhall-chat-${attemptId}`;
    this.panel = byId("chat-panel");
    this.dialog = byId("chat");
    this.log = new ChatLog(byId("chat-log"), "candidate", (message) => this.#confirm(message));
  }

  start() {
    for (const entry of this.#waiting()) this.#showWaiting(entry);
    this.#listen();
    this.#place();
    this.read();
    this.#send();
  }

  /** Read the whole conversation. */
  async read() {
    try {
      let cursor = "";
      do {
        const page = await call("GET", `${this.path}?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
        for (const message of page.items) this.log.put(message);
        cursor = page.next_cursor;
      } while (cursor);
      this.log.showEnd();
      this.#draw();
    } catch {
      // The next message or the next connection brings it.
    }
  }

  /** Take a message of the live stream. */
  take(message) {
    const isNew = this.log.put(message);
    if (isNew && message.sender === "proctor") {
      const head = { warning: "Warning from the proctor", announcement: "Announcement" }[message.kind];
      byId("chat-live").textContent = `${head ?? "Message from the proctor"}: ${message.text}`;
    }
    if (isNew) this.log.showEnd();
    this.#draw();
  }

  /** A proctor has read what the candidate wrote. */
  noteRead({ reader, message_ids: ids, at }) {
    if (reader === "proctor") this.log.mark(ids, at);
  }

  #listen() {
    const field = byId("chat-text");
    sendOnEnter(field);
    field.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#write(field);
    });
    for (const button of document.querySelectorAll("[data-chat-open]")) {
      button.addEventListener("click", () => this.#open());
    }
    byId("chat-notice-done").addEventListener("click", () => this.#settleNotice());
    this.dialog.addEventListener("close", () => this.#place());
    NARROW.addEventListener("change", () => this.#place());
    addEventListener("online", () => this.#send());
    document.addEventListener("visibilitychange", () => this.#draw());
    new IntersectionObserver(([entry]) => {
      this.#isInView = entry.isIntersecting;
      this.#draw();
    }, { threshold: 0.5 }).observe(this.panel);
  }

  /** The panel stands beside the question, on a narrow screen in a dialog that the candidate opens. */
  #place() {
    const isInDialog = NARROW.matches;
    if (!isInDialog && this.dialog.open) this.dialog.close();
    const home = isInDialog ? byId("chat-body") : byId("chat-home");
    if (this.panel.parentElement !== home) home.append(this.panel);
    const place = byId(isInDialog ? "chat-notice-row" : "chat-notice-side");
    if (byId("chat-notice").parentElement !== place) place.append(byId("chat-notice"));
    this.#draw();
  }

  #open() {
    if (NARROW.matches) this.dialog.showModal();
    else this.panel.scrollIntoView({ block: "nearest" });
    this.log.showEnd();
    byId("chat-text").focus();
  }

  #write(field) {
    const text = field.value.trim();
    if (!text) return;
    const entry = { operation_id: newId(), text, sent_at: new Date().toISOString() };
    this.#keep([...this.#waiting(), entry]);
    this.#showWaiting(entry);
    field.value = "";
    this.#say("");
    this.log.showEnd();
    this.#send();
  }

  #showWaiting(entry) {
    this.log.put({ ...entry, sender: "candidate", kind: "message", author_name: "", state: "Waits to be sent" });
  }

  /** Send what waits, in order. */
  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    clearTimeout(this.#timer);
    try {
      for (let [entry] = this.#waiting(); entry; [entry] = this.#waiting()) {
        const { operation_id, text } = entry;
        this.log.put(await call("POST", this.path, { operation_id, text }));
        this.#forget(operation_id);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isSending = false;
    }
  }

  #fail(error) {
    if (error.isPassing) {
      const isLimited = error.status === 429;
      if (isLimited) this.#say(error.message);
      this.#timer = setTimeout(() => this.#send(), isLimited ? LIMITED : RETRY);
      return;
    }
    // It will never be taken: the words go back to where they can be changed.
    const [entry] = this.#waiting();
    this.#forget(entry.operation_id);
    this.log.drop(entry.operation_id);
    byId("chat-text").value ||= entry.text;
    this.#say(`Not sent. ${error.message}`);
    this.#timer = setTimeout(() => this.#send(), RETRY);
  }

  async #confirm({ id }) {
    try {
      await this.#mark([id], true);
    } catch (error) {
      this.#say(error.message);
    }
  }

  async #mark(ids, acknowledged = false) {
    await call("POST", `${this.path}/read`, { message_ids: ids, acknowledged });
    this.log.mark(ids, new Date().toISOString(), { acknowledged: acknowledged ? ids : [] });
    this.#say("");
    this.#draw();
  }

  /** What can be seen is read, but for warnings, which are confirmed. */
  async #noteSeen() {
    if (!this.#isInView || document.hidden) return;
    const seen = this.log.unread.map(({ id }) => id).filter((id) => id && !this.#marking.has(id)).slice(0, 200);
    if (!seen.length) return;
    for (const id of seen) this.#marking.add(id);
    try {
      await this.#mark(seen);
    } catch {
      setTimeout(() => this.#draw(), RETRY);
    } finally {
      for (const id of seen) this.#marking.delete(id);
    }
  }

  #draw() {
    this.#noteSeen();
    const { unread, unconfirmed } = this.log;
    const waiting = new Set([...unread, ...unconfirmed]);
    for (const element of document.querySelectorAll("[data-chat-count]")) {
      element.textContent = waiting.size || "";
      element.hidden = !waiting.size;
    }
    byId("room").dataset.chat = waiting.size;
    byId("chat-none").hidden = this.log.size > 0;
    const news = unconfirmed[0] ?? (this.#isInView ? null : unread.at(-1));
    this.#drawNotice(news);
  }

  /** Show the one thing that needs the candidate, without moving the question under their eyes. */
  #drawNotice(news) {
    const notice = byId("chat-notice");
    const key = news ? news.operation_id : "";
    if (notice.dataset.of === key) return;
    const main = byId("main");
    const before = main.getBoundingClientRect().top;
    notice.dataset.of = key;
    notice.hidden = !news;
    if (news) {
      const isWarning = news.kind === "warning";
      notice.classList.toggle("warn", isWarning);
      const head = { warning: "Warning", announcement: "Announcement" }[news.kind] ?? "Message from the proctor";
      byId("chat-notice-head").textContent = head;
      byId("chat-notice-text").textContent = news.text;
      byId("chat-notice-done").textContent = isWarning ? "I have read this" : "Close";
    }
    main.scrollTop += main.getBoundingClientRect().top - before;
    this.news = news;
  }

  async #settleNotice() {
    const { news } = this;
    if (!news) return;
    try {
      await this.#mark([news.id], news.kind === "warning");
    } catch (error) {
      byId("chat-notice-head").textContent = error.message;
    }
  }

  #say(text) {
    byId("chat-problem").textContent = text;
    byId("chat-problem").hidden = !text;
  }

  #waiting() {
    try {
      return JSON.parse(localStorage.getItem(this.key)) ?? this.memory ?? [];
    } catch {
      return this.memory ?? [];
    }
  }

  #keep(entries) {
    this.memory = entries;
    try {
      if (entries.length) localStorage.setItem(this.key, JSON.stringify(entries));
      else localStorage.removeItem(this.key);
    } catch {
      // Without a store they wait in this page alone.
    }
  }

  #forget(operationId) {
    this.#keep(this.#waiting().filter((entry) => entry.operation_id !== operationId));
  }
}
