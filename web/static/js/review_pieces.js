/* Evidence by id: links are asked for in batches, what they lead to is kept for a while. */

import { call } from "./api.js";

const BATCH = 100;
const GATHER = 40;
const MOST = 500;
const AT_ONCE = 6;
const TRIES = 2;

export class Pieces {
  #kept = new Map();
  #wanted = [];
  #timer = 0;
  #loading = 0;
  #queue = [];

  /** `onLoaded()` is called when something came in, `onProblem(text)` when it could not. */
  constructor(sessionId) {
    Object.assign(this, { sessionId, onLoaded: () => {}, onProblem: () => {} });
  }

  /** Return the address of a piece that is here, an empty text otherwise. */
  address(id) {
    return this.#kept.get(id)?.url ?? "";
  }

  /** Return the bytes of a piece that is here, undefined otherwise. */
  blob(id) {
    return this.#kept.get(id)?.blob;
  }

  /** Whether a piece can never be shown: purged, or gone. */
  isGone(id) {
    return this.#kept.get(id)?.isGone ?? false;
  }

  /** Have pieces loaded, the most urgent first; those on their way are not asked for twice. */
  want(ids) {
    for (const id of ids) {
      if (!id) continue;
      const known = this.#kept.get(id);
      if (known) {
        // The one used last is forgotten last.
        this.#kept.delete(id);
        this.#kept.set(id, known);
      } else {
        this.#kept.set(id, { tries: 0 });
        this.#wanted.push(id);
      }
    }
    if (this.#wanted.length && !this.#timer) this.#timer = setTimeout(() => this.#ask(), GATHER);
  }

  /** Load a piece and return its address, an empty text when it is gone. */
  async get(id) {
    this.want([id]);
    while (!this.address(id) && !this.isGone(id)) await new Promise((resolve) => setTimeout(resolve, GATHER));
    return this.address(id);
  }

  /** Show pieces in figures that name them. */
  async fillPhotos(figures) {
    for (const figure of figures) {
      const url = await this.get(figure.dataset.photo);
      if (url) figure.querySelector("img").src = url;
      else figure.append("It is no longer kept.");
    }
  }

  async #ask() {
    const ids = this.#wanted.splice(0, BATCH);
    this.#timer = this.#wanted.length ? setTimeout(() => this.#ask(), GATHER) : 0;
    try {
      const { links, purged } = await call("POST", `/proctoring/sessions/${this.sessionId}/links`, { ids });
      for (const id of purged) this.#kept.set(id, { isGone: true });
      this.#queue.push(...links);
      this.#work();
    } catch (error) {
      for (const id of ids) this.#failed(id);
      this.onProblem(error.message);
    }
  }

  #work() {
    while (this.#loading < AT_ONCE && this.#queue.length) {
      this.#loading += 1;
      this.#fetch(this.#queue.shift()).finally(() => {
        this.#loading -= 1;
        this.#work();
      });
    }
  }

  async #fetch({ id, url }) {
    try {
      const response = await fetch(url, { credentials: "same-origin" });
      if (!response.ok) throw new Error(String(response.status));
      const blob = await response.blob();
      this.#kept.set(id, { blob, url: URL.createObjectURL(blob) });
      this.#forget();
      this.onLoaded();
    } catch {
      this.#failed(id);
    }
  }

  #failed(id) {
    const tries = (this.#kept.get(id)?.tries ?? 0) + 1;
    if (tries >= TRIES) this.#kept.set(id, { isGone: true });
    else {
      this.#kept.set(id, { tries });
      this.#wanted.push(id);
      this.#timer ||= setTimeout(() => this.#ask(), 1000);
    }
  }

  #forget() {
    for (const [id, piece] of this.#kept) {
      if (this.#kept.size <= MOST) return;
      if (piece.url) {
        URL.revokeObjectURL(piece.url);
        this.#kept.delete(id);
      }
    }
  }
}
