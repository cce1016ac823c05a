/* Responses on their way to the server. Each waits on this device until the server says "saved". */

import { ApiError, call, newId } from "./api.js";

const QUIET = 1000;
const LONGEST = 10000;
const RETRY = 3000;
const BATCH = 100;
const LAST_BYTES = 60000;
const SETTLED = new Set(["saved", "conflict", "quarantined"]);

/** Return the operations of an attempt that wait on this device; none where they cannot be read. */
export async function findLeft(store, attemptId) {
  const all = await store.all("saves").catch(() => []);
  return all.filter((op) => op.attempt_id === attemptId);
}

/**
 * Return the revision that an item's next operation is based on. What an earlier page left was
 * written on top of what that page knew: the server has to hear so when there is a newer one.
 */
function baseOf({ revision, sent, next }) {
  if (next.isLeft && next.base_revision !== undefined) return next.base_revision;
  return revision + (sent ? 1 : 0);
}

/**
 * For every item there is at most one operation on its way (`sent`, frozen, retried under the same
 * id) and one that gathers what has changed since (`next`). Events: `change` when anything about
 * the state changed, `settled` {itemId, state, savedAt, stale}, `clock` with a clock of the server.
 */
export class Outbox extends EventTarget {
  #items = new Map();
  #numbering = new Map();
  #quiet = 0;
  #limit = 0;
  #retry = 0;
  #busy = null;
  #last = -1;

  isOffline = false;
  isLost = false;
  isSignedOut = false;
  isClosed = false;
  isKept = true;
  savedAt = null;

  constructor(store, attemptId, leaseId) {
    super();
    Object.assign(this, { store, attemptId, leaseId });
    addEventListener("online", () => this.flush());
    addEventListener("pagehide", () => this.leave());
    document.addEventListener("visibilitychange", () => document.hidden && this.flush());
  }

  /** Take the server's revisions, and what an earlier page left on this device. */
  async open(items) {
    for (const { id, revision } of items) {
      this.#items.set(id, { id, revision, sent: null, next: null, refused: null });
    }
    const left = await findLeft(this.store, this.attemptId);
    left.sort((a, b) => a.client_sequence - b.client_sequence);
    for (const op of left) this.#adopt(op);
    this.#changed();
  }

  #adopt(op) {
    const item = this.#items.get(op.item_id);
    if (!item) return;
    op.isLeft = true;
    if (op.sent && !item.sent) {
      item.sent = op;
      return;
    }
    // Of several pages' answers the last counts: one before it must not come back after it.
    this.#drop(item.next);
    item.next = op;
  }

  /** Return the newest response of an item that the server has not acknowledged. */
  local(itemId) {
    const item = this.#items.get(itemId);
    return (item?.next ?? item?.sent ?? item?.refused)?.raw;
  }

  /** Return the revision that the server has of an item, 0 for none. */
  revision(itemId) {
    return this.#items.get(itemId)?.revision ?? 0;
  }

  /** A check has saved an answer: take what the server said about it. */
  take(itemId, { state, revision, saved_at: savedAt }) {
    const item = this.#items.get(itemId);
    item.revision = Math.max(item.revision, revision);
    this.savedAt = new Date(savedAt);
    this.#tell("settled", { itemId, state, savedAt: this.savedAt, stale: false });
    this.#changed();
  }

  isWaiting(itemId) {
    const item = this.#items.get(itemId);
    return Boolean(item?.next || item?.sent || item?.refused);
  }

  get waiting() {
    return [...this.#items.values()].filter((item) => item.next || item.sent).length;
  }

  get refused() {
    return [...this.#items.values()].filter((item) => item.refused);
  }

  /** Keep a changed response, and send it soon. */
  async note(itemId, raw) {
    const item = this.#items.get(itemId);
    if (!item || this.isLost) return;
    this.#drop(item.refused);
    item.refused = null;
    item.next ??= { operation_id: newId(), attempt_id: this.attemptId, item_id: itemId };
    const op = Object.assign(item.next, { raw, sent: false, base_revision: baseOf(item) });
    this.#arm();
    this.#changed();
    await this.#number(op);
    if (item.next === op || item.sent === op) await this.#keep(op);
  }

  /** Give an operation its number, once: without one it is not sent. */
  async #number(op) {
    if (op.client_sequence !== undefined) return;
    if (!this.#numbering.has(op)) this.#numbering.set(op, this.number());
    const number = await this.#numbering.get(op);
    op.client_sequence ??= number;
    this.#numbering.delete(op);
  }

  /**
   * Return the next number of an operation of this window. The store keeps it rising where the
   * device's clock is set back; without a working store the time alone counts.
   */
  async number() {
    const mark = `save:${this.attemptId}`;
    const number = await this.store.next(mark, this.#numberByTime()).catch(() => this.#numberByTime());
    this.#last = Math.max(this.#last, number);
    return number;
  }

  /** Numbers rise over a reload, which keeps the lease: a lower one would be taken for an older answer. */
  #numberByTime() {
    this.#last = Math.max(this.#last + 1, Date.now());
    return this.#last;
  }

  /** Send what waits now; resolves when the answer is there, whatever it is. */
  flush() {
    this.#disarm();
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.#busy ??= this.#send().finally(() => {
      this.#busy = null;
      this.#changed();
    });
    return this.#busy;
  }

  /** Send until nothing waits; false when that cannot be done now. */
  async drain() {
    for (let round = 0; round < 5 && this.waiting; round += 1) {
      // What was typed a moment ago may still wait for the store.
      await Promise.all([...this.#numbering.keys()].map((op) => this.#number(op)));
      await this.flush();
      if (this.isOffline || this.isLost || this.isSignedOut) break;
    }
    return this.waiting === 0 && this.refused.length === 0;
  }

  /** The page goes away: send what waits without waiting for the answer, which a replay tells. */
  leave() {
    if (this.isLost) return;
    const operations = [];
    let size = 0;
    for (const item of this.#items.values()) {
      // The store has no time to answer any more.
      if (item.next) item.next.client_sequence ??= this.#numberByTime();
      if (item.next && !item.sent) this.#freeze(item);
      const last = item.next && { ...item.next, base_revision: baseOf(item) };
      for (const op of [item.sent, last]) {
        if (!op) continue;
        const entry = this.#entry(op);
        const bytes = new TextEncoder().encode(JSON.stringify(entry)).length + 1;
        if (size + bytes > LAST_BYTES) continue;
        size += bytes;
        operations.push(entry);
      }
    }
    if (operations.length) {
      this.#call("POST", "", { operations }, { keepalive: true }).catch(() => {});
    }
  }

  /** This window may write again. */
  regain() {
    this.isLost = false;
    this.#changed();
    return this.flush();
  }

  lose() {
    if (this.isLost) return;
    this.isLost = true;
    this.#disarm();
    this.#changed();
  }

  #arm() {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.flush(), QUIET);
    this.#limit ||= setTimeout(() => this.flush(), LONGEST);
  }

  #disarm() {
    clearTimeout(this.#quiet);
    clearTimeout(this.#limit);
    this.#quiet = this.#limit = 0;
  }

  #freeze(item) {
    const op = item.next;
    Object.assign(op, { sent: true, base_revision: baseOf(item) });
    item.sent = op;
    item.next = null;
    return this.#keep(op);
  }

  async #send() {
    if (this.isLost) return;
    for (const item of this.#items.values()) {
      if (!item.sent && item.next?.client_sequence !== undefined) await this.#freeze(item);
    }
    const ready = [...this.#items.values()].filter((item) => item.sent).slice(0, BATCH);
    if (!ready.length) {
      if (this.waiting) this.#arm();
      return;
    }
    this.#changed();
    try {
      await this.#deliver(ready.map((item) => item.sent));
      this.isOffline = this.isSignedOut = false;
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.waiting && !this.#quiet) this.#arm();
  }

  /** Raises an ApiError only where the same request may work later. */
  async #deliver(operations) {
    if (operations.length === 1) {
      await this.#deliverOne(operations[0]);
      return;
    }
    let answer;
    try {
      answer = await this.#call("POST", "", { operations: operations.map((op) => this.#entry(op)) });
    } catch (error) {
      if (error.isPassing || error.status === 401) throw error;
      // One that cannot be taken spoils the whole batch: find out which.
      for (const op of operations) await this.#deliverOne(op);
      return;
    }
    for (const [n, result] of answer.results.entries()) await this.#settle(operations[n], result);
    if (answer.clock) this.#tell("clock", answer.clock);
  }

  async #deliverOne(op) {
    const { item_id: _, ...entry } = this.#entry(op);
    let result;
    try {
      result = await this.#call("PUT", `/${op.item_id}`, entry);
    } catch (error) {
      if (error.isPassing || error.status === 401) throw error;
      result = { state: "refused", error };
    }
    await this.#settle(op, result);
    if (result.clock) this.#tell("clock", result.clock);
  }

  async #settle(op, result) {
    const item = this.#items.get(op.item_id);
    if (SETTLED.has(result.state)) {
      const stale = result.revision < item.revision;
      item.revision = Math.max(item.revision, result.revision);
      item.sent = await this.#drop(op);
      this.savedAt = new Date(result.saved_at);
      const { state } = result;
      this.#tell("settled", { itemId: op.item_id, state, savedAt: this.savedAt, stale });
    } else if (result.error?.code === "lease_lost") {
      this.lose();
    } else if (result.error?.code === "conflict") {
      await this.#renew(item, op);
    } else if (result.error?.code === "save_failed") {
      throw new ApiError(503, result.error.code, result.error.message);
    } else {
      item.sent = null;
      item.refused = { ...op, message: result.error?.message ?? "" };
      if (result.error?.code === "closed") this.isClosed = true;
    }
  }

  /** The id was used for something else (a page that ended while it wrote): go again under a new one. */
  async #renew(item, op) {
    item.sent = await this.#drop(op);
    if (item.next) return;
    item.next = { ...op, operation_id: newId(), sent: false };
    item.next.client_sequence = await this.number();
    await this.#keep(item.next);
  }

  #fail(error) {
    if (!(error instanceof ApiError)) throw error;
    this.isSignedOut = error.status === 401;
    this.isOffline = !this.isSignedOut;
    this.#retry = setTimeout(() => this.flush(), RETRY);
  }

  #entry(op) {
    const { item_id, operation_id, client_sequence, raw } = op;
    const base_revision = op.base_revision ?? 0;
    return { item_id, operation_id, client_sequence, base_revision, lease_id: this.leaseId, raw };
  }

  #call(method, path, body, options) {
    return call(method, `/attempts/${this.attemptId}/responses${path}`, body, options);
  }

  // A full or broken store must not stop the saving itself, but it is said.
  async #keep(op) {
    const { isKept } = this;
    this.isKept = await this.store.put("saves", op).then(
      () => true,
      () => false,
    );
    if (this.isKept !== isKept) this.#changed();
  }

  async #drop(op) {
    if (op) await this.store.remove("saves", op.operation_id).catch(() => {});
    return null;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
