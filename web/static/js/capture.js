/* Recording the camera for an exam: still pictures in chunks, kept here until the server has stored them. */

import { ApiError, call } from "./api.js";
import { CameraError, Photographer, judgeLight, openCamera } from "./camera.js";

const RETRY = 3000;
const REOPEN = 3000;
const STREAM = "camera";
const FULL = 600;
const OVERFULL = 1800;
const OLD = 2 * 24 * 3600 * 1000;
const SKIP = 500;

/** Event `change` after every change of `camera`, `light`, `waiting`, `storedAt` or `problem`. */
export class Capture extends EventTarget {
  #ticker = new Worker(new URL("ticker.js", import.meta.url));
  #photographer = null;
  #frames = [];
  #begun = 0;
  #isShooting = false;
  #sending = null;
  #retry = 0;
  #isStopped = false;
  // A wall clock that never jumps while this page lives.
  #zero = Date.now() - performance.now();

  stream = null;
  camera = "starting";
  problem = "";
  light = null;
  waiting = 0;
  storedAt = null;

  constructor(store, { session_id, frame_seconds, chunk_seconds }) {
    super();
    Object.assign(this, { store, sessionId: session_id });
    this.frameMs = frame_seconds * 1000;
    this.chunkMs = chunk_seconds * 1000;
    this.#ticker.onmessage = () => this.#tick();
    addEventListener("online", () => this.#send());
  }

  async start() {
    await this.#forgetOld();
    await this.#count();
    this.#send();
    await this.#open();
  }

  /** End the recording; what was recorded is still sent. */
  async stop() {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#ticker.postMessage(0);
    await this.#close();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.#photographer?.close();
    this.camera = "ended";
    this.#changed();
  }

  /** Wait until all is stored, or for `limit` milliseconds. */
  async drain(limit) {
    const end = performance.now() + limit;
    while (this.waiting && performance.now() < end) {
      this.#send();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #open() {
    try {
      this.stream = await openCamera();
    } catch (error) {
      if (!(error instanceof CameraError)) throw error;
      this.#lose(error.kind, error.message);
      return;
    }
    if (this.#isStopped) {
      this.stream.getTracks().forEach((track) => track.stop());
      return;
    }
    const [track] = this.stream.getVideoTracks();
    track.onended = () => this.#lose("off", "The camera was turned off.");
    track.onmute = track.onunmute = () => this.#changed();
    this.#photographer = new Photographer(this.stream);
    Object.assign(this, { camera: "on", problem: "" });
    this.#ticker.postMessage(this.frameMs);
    this.#changed();
  }

  #lose(kind, message) {
    this.#ticker.postMessage(0);
    this.#photographer?.close();
    this.#photographer = null;
    Object.assign(this, { camera: kind, problem: message, stream: null, light: null });
    this.#close();
    this.#changed();
    if (!this.#isStopped && kind !== "insecure") setTimeout(() => this.#isStopped || this.#reopen(), REOPEN);
  }

  /** Come back by itself, unless the candidate would be asked again and again. */
  async #reopen() {
    if (this.camera === "denied") {
      const permission = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
      if (permission?.state !== "granted") {
        setTimeout(() => this.#isStopped || this.#reopen(), REOPEN);
        return;
      }
    }
    this.#open();
  }

  #now() {
    return this.#zero + performance.now();
  }

  async #tick() {
    if (this.#isShooting || !this.#photographer?.isReady) return;
    this.#isShooting = true;
    try {
      const at = this.#now();
      const blob = await this.#photographer.shoot();
      if (blob) {
        if (!this.#frames.length) this.#begun = at;
        this.#frames.push({ at: new Date(at).toISOString(), blob });
      }
    } finally {
      this.#isShooting = false;
    }
    if (this.#frames.length && this.#now() - this.#begun >= this.chunkMs - this.frameMs / 2) await this.#close();
  }

  /** Put the pictures since the last chunk into the next one. */
  async #close() {
    const frames = this.#frames;
    this.#frames = [];
    if (!frames.length || this.waiting >= OVERFULL) return;
    if (this.#photographer) this.light = judgeLight(this.#photographer.measureLight());
    await this.store.put("chunks", {
      session_id: this.sessionId,
      stream: STREAM,
      sequence: await this.store.next(this.#mark),
      started_at: frames[0].at,
      ended_at: new Date(this.#now()).toISOString(),
      // When very much waits, one picture a chunk has to do.
      samples: this.waiting >= FULL ? frames.slice(0, 1) : frames,
    });
    await this.#count();
    this.#send();
  }

  get #mark() {
    return `chunk:${this.sessionId}:${STREAM}`;
  }

  async #count() {
    this.waiting = await this.store.count("chunks", [this.sessionId]);
    this.#changed();
  }

  #send() {
    clearTimeout(this.#retry);
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  async #sendAll() {
    for (;;) {
      const [chunk] = await this.store.list("chunks", [this.sessionId], 1);
      if (!chunk) return;
      try {
        await call("POST", `/proctoring/sessions/${this.sessionId}/chunks`, this.#form(chunk));
        this.storedAt = new Date();
        if (this.problem && this.camera === "on") this.problem = "";
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (await this.#mustWait(error, chunk)) return;
      }
      await this.store.remove("chunks", [chunk.session_id, chunk.stream, chunk.sequence]);
      await this.#count();
    }
  }

  /** Say whether sending has to wait; otherwise the chunk can be forgotten under its number. */
  async #mustWait(error, chunk) {
    if (error.isPassing || error.status === 401) {
      this.#retry = setTimeout(() => this.#send(), RETRY);
      return true;
    }
    if (error.code === "conflict") {
      // Another device has recorded under this number: go on behind it, in order.
      const sequence = await this.store.next(this.#mark, chunk.sequence + SKIP);
      await this.store.put("chunks", { ...chunk, sequence });
    } else if (error.code !== "closed") {
      this.problem = error.message;
    }
    return false;
  }

  #form(chunk) {
    const form = new FormData();
    const sent = Math.max(this.#now(), Date.parse(chunk.ended_at));
    const { stream, sequence, started_at, ended_at } = chunk;
    const meta = { stream, sequence, started_at, ended_at, sent_at: new Date(sent).toISOString() };
    meta.samples = chunk.samples.map(({ at }) => ({ at }));
    form.append("meta", JSON.stringify(meta));
    chunk.samples.forEach(({ blob }, n) => form.append("sample", blob, `${n}.jpg`));
    return form;
  }

  async #forgetOld() {
    for (const chunk of await this.store.list("chunks", [], OVERFULL)) {
      if (Date.now() - Date.parse(chunk.ended_at) > OLD) {
        await this.store.remove("chunks", [chunk.session_id, chunk.stream, chunk.sequence]);
      }
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
