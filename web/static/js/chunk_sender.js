/* Chunks on their way: kept on this device until the server has stored them, in order for each stream. */

import { ApiError, call } from "./api.js";

const RETRY = 3000;
const URGENT = 500;
const OVERFULL = 3600;
const OLD = 2 * 24 * 3600 * 1000;
const SKIP = 500;
// A browser opens six connections to a server. Answers must never wait for pictures.
const LANES = 2;

const zero = Date.now() - performance.now();

/** Return Unix milliseconds by a wall clock that never jumps while this page lives. */
export const now = () => zero + performance.now();

/**
 * Sends the chunks of some streams of one session. `post(form)` brings a form to the server and
 * raises ApiError. Event `change` after every change of `waiting`, `storedAt`, `isOffline` or
 * `problem`; `seconds` is how long an upload takes at present.
 */
export class Sender extends EventTarget {
  #busy = new Set();
  #counts = new Map();
  #retry = 0;
  #restsUntil = 0;

  storedAt = null;
  isOffline = false;
  problem = "";
  seconds = 0;

  constructor(store, sessionId, streams, post = (form) => call("POST", `/proctoring/sessions/${sessionId}/chunks`, form)) {
    super();
    Object.assign(this, { store, sessionId, post, streams: [...streams] });
    addEventListener("online", () => this.send({ isUrgent: true }));
    addEventListener("offline", () => this.#note({ isOffline: true }));
  }

  get waiting() {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  waitingOf(stream) {
    return this.#counts.get(stream) ?? 0;
  }

  /** Take up what an earlier page has left on this device. */
  async open() {
    await this.#forgetOld();
    for (const stream of this.streams) await this.#count(stream);
    this.send();
  }

  /**
   * Keep a chunk, and send it. `samples` are `{at, blob}` in order of time, all moments ISO texts.
   * False when this device cannot keep it.
   */
  async add({ stream, started_at, ended_at, samples }) {
    if (this.waitingOf(stream) >= OVERFULL) return false;
    try {
      const sequence = await this.store.next(this.#mark(stream));
      await this.store.put("chunks", { session_id: this.sessionId, stream, sequence, started_at, ended_at, samples });
    } catch {
      this.#note({ problem: "This device has no room left to keep recordings. It is not held against you." });
      return false;
    }
    await this.#count(stream);
    this.send();
    return true;
  }

  /** Wait until all is stored, or for `limit` milliseconds. */
  async drain(limit) {
    const end = performance.now() + limit;
    while (this.waiting && performance.now() < end) {
      this.send({ isUrgent: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Send what waits, the stream that was served last at the end. */
  send({ isUrgent = false } = {}) {
    const rest = this.#restsUntil - performance.now() - (isUrgent ? RETRY - URGENT : 0);
    if (rest > 0) return;
    clearTimeout(this.#retry);
    for (const stream of [...this.streams]) {
      if (this.#busy.size >= LANES) return;
      if (this.#busy.has(stream) || !this.waitingOf(stream)) continue;
      this.streams.push(...this.streams.splice(this.streams.indexOf(stream), 1));
      this.#sendFirst(stream);
    }
  }

  async #sendFirst(stream) {
    this.#busy.add(stream);
    let isDone = true;
    try {
      const [chunk] = await this.store.list("chunks", [this.sessionId, stream], 1);
      if (chunk) isDone = await this.#deliver(chunk);
      await this.#count(stream);
    } finally {
      this.#busy.delete(stream);
    }
    if (isDone) this.send();
  }

  /** Bring a chunk to the server; false when it has to wait. */
  async #deliver(chunk) {
    const begun = performance.now();
    try {
      await this.post(this.#form(chunk));
      this.seconds += ((performance.now() - begun) / 1000 - this.seconds) / 4;
      this.#restsUntil = 0;
      this.#note({ storedAt: new Date(), isOffline: false, problem: "" });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (await this.#mustWait(error, chunk)) return false;
    }
    await this.store.remove("chunks", [chunk.session_id, chunk.stream, chunk.sequence]);
    return true;
  }

  /** Say whether sending has to wait; otherwise the chunk can be forgotten under its number. */
  async #mustWait(error, chunk) {
    if (error.isPassing || error.status === 401) {
      this.#restsUntil = performance.now() + RETRY;
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.send(), RETRY + 10);
      this.#note({ isOffline: error.status === 0 });
      return true;
    }
    if (error.code === "conflict") {
      // Another device has recorded under this number: go on behind it, in order.
      const sequence = await this.store.next(this.#mark(chunk.stream), chunk.sequence + SKIP);
      await this.store.put("chunks", { ...chunk, sequence });
    } else if (error.code !== "closed") this.#note({ problem: error.message });
    return false;
  }

  #form(chunk) {
    const form = new FormData();
    const sent = Math.max(now(), Date.parse(chunk.ended_at));
    const { stream, sequence, started_at, ended_at } = chunk;
    const meta = { stream, sequence, started_at, ended_at, sent_at: new Date(sent).toISOString() };
    meta.samples = chunk.samples.map(({ at }) => ({ at }));
    form.append("meta", JSON.stringify(meta));
    chunk.samples.forEach(({ blob }, n) => form.append("sample", blob, `${n}`));
    return form;
  }

  #mark(stream) {
    return `chunk:${this.sessionId}:${stream}`;
  }

  async #count(stream) {
    this.#counts.set(stream, await this.store.count("chunks", [this.sessionId, stream]));
    this.#note({});
  }

  async #forgetOld() {
    for (const chunk of await this.store.list("chunks", [], OVERFULL)) {
      if (Date.now() - Date.parse(chunk.ended_at) > OLD) {
        await this.store.remove("chunks", [chunk.session_id, chunk.stream, chunk.sequence]);
      }
    }
  }

  #note(values) {
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }
}
