/*
 * Brings the newest pictures onto the tiles: many in one answer, those that can be seen and are
 * oldest first. Pictures are decoded off the main thread, at the size of their tile.
 */

const AT_ONCE = 2;
const MOST = 20;
/** Pictures are asked for together, no sooner than this after the last time. */
const PAUSE = 200;
const OUT_OF_SIGHT = 1500;
const AGAIN = 2000;
/** A picture of so few points shows that somebody is there, not who it is nor what they do. */
const BLURRED_WIDTH = 26;

export class Frames {
  #tiles = new Map();
  #busy = new Set();
  #running = 0;
  #timer = 0;
  #ready = new Map();
  #refused = new Map();
  #isDue = false;
  #width = 320;

  /** `isBlurred(tile)` says whether a tile hides its picture. */
  constructor(examId, isBlurred) {
    Object.assign(this, { examId, isBlurred });
    this.watcher = new IntersectionObserver((entries) => this.#noteSeen(entries), { rootMargin: "120px" });
    this.sizes = new ResizeObserver((entries) => {
      const { width } = entries.at(-1).contentRect;
      if (width) this.#width = Math.max(64, Math.round(width * Math.min(devicePixelRatio, 2)));
    });
    document.addEventListener("visibilitychange", () => this.load());
  }

  add(tile) {
    this.#tiles.set(tile.id, tile);
    this.watcher.observe(tile.element);
    this.sizes.observe(tile.element);
  }

  remove(tile) {
    this.#tiles.delete(tile.id);
    this.#ready.delete(tile.id);
    this.watcher.unobserve(tile.element);
    this.sizes.unobserve(tile.element);
  }

  /** Ask soon for the pictures that are there by then. */
  load() {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.#ask();
    }, PAUSE);
  }

  /** Draw a tile anew from the picture it has, clear or blurred. */
  redraw(tile) {
    if (tile.blob) this.#decode(tile, tile.blob, tile.shown.sha256, tile.shown.at);
  }

  #noteSeen(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#tiles.get(target.dataset.session);
      if (tile) tile.isSeen = isIntersecting;
    }
    this.load();
  }

  #ask() {
    if (document.hidden || this.#running >= AT_ONCE) return;
    const wanted = this.#choose();
    if (wanted.length) this.#fetch(wanted);
  }

  #choose() {
    const now = Date.now();
    const wanted = [...this.#tiles.values()].filter((tile) => this.#isWanted(tile, now));
    wanted.sort((a, b) => b.isSeen - a.isSeen || a.shown.at - b.shown.at);
    return wanted.slice(0, MOST);
  }

  #isWanted(tile, now) {
    const { last_frame_sha256: sha256 } = tile.session;
    if (!sha256 || sha256 === tile.shown.sha256 || this.#busy.has(tile.id)) return false;
    if (this.#refused.get(tile.id) > now) return false;
    return tile.isSeen || (tile.age ?? Infinity) > OUT_OF_SIGHT;
  }

  async #fetch(tiles) {
    this.#running += 1;
    for (const { id } of tiles) this.#busy.add(id);
    const missing = new Set(tiles.map(({ id }) => id));
    try {
      const ids = tiles.map(({ id }) => id).join(",");
      const answer = await fetch(`/api/v1/proctoring/frames?exam_id=${this.examId}&sessions=${ids}`, { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      for await (const { head, blob } of unpack(await answer.blob())) {
        missing.delete(head.session_id);
        this.#take(head, blob);
      }
    } catch {
      // They are asked for again.
    }
    for (const id of missing) this.#refused.set(id, Date.now() + AGAIN);
    for (const { id } of tiles) this.#busy.delete(id);
    this.#running -= 1;
    this.load();
  }

  #take({ session_id: id, sha256, at }, blob) {
    const tile = this.#tiles.get(id);
    if (!tile || sha256 === tile.shown.sha256) return;
    tile.blob = blob;
    // The answer may be newer than what the stream has told.
    if (!(tile.session.last_frame_at > at)) tile.noteFrame(at, sha256);
    this.#decode(tile, blob, sha256, Date.parse(at));
  }

  async #decode(tile, blob, sha256, at) {
    const isBlurred = this.isBlurred(tile);
    const resizeWidth = isBlurred ? BLURRED_WIDTH : this.#width;
    try {
      const bitmap = await createImageBitmap(blob, { resizeWidth, resizeQuality: isBlurred ? "medium" : "low" });
      this.#ready.get(tile.id)?.bitmap.close();
      this.#ready.set(tile.id, { tile, bitmap, sha256, at });
    } catch {
      // A picture that cannot be decoded stays away; the next one may be whole.
      tile.shown = { ...tile.shown, sha256 };
      return;
    }
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => this.#show());
  }

  #show() {
    this.#isDue = false;
    for (const { tile, bitmap, sha256, at } of this.#ready.values()) {
      const { canvas } = tile.parts;
      if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
      if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
      canvas.getContext("bitmaprenderer").transferFromImageBitmap(bitmap);
      tile.noteShown(sha256, at);
    }
    this.#ready.clear();
  }
}

/** Give the pictures of an answer, each with what its head says; nothing is copied. */
async function* unpack(body) {
  const length = new DataView(await body.slice(0, 4).arrayBuffer()).getUint32(0);
  let start = 4 + length;
  for (const head of JSON.parse(await body.slice(4, start).text())) {
    yield { head, blob: body.slice(start, start + head.size, "image/jpeg") };
    start += head.size;
  }
}
