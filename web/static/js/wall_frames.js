/*
 * Brings the newest pictures onto the tiles: a few requests at a time, those that can be seen and
 * are oldest first. Pictures are decoded off the main thread, at the size of their tile.
 */

import { frameAddress } from "./wall_tile.js";

const AT_ONCE = 4;
const OUT_OF_SIGHT = 1500;
const AGAIN = 2000;
/** A picture of so few points shows that somebody is there, not who it is nor what they do. */
const BLURRED_WIDTH = 26;

export class Frames {
  #tiles = new Map();
  #busy = new Set();
  #ready = new Map();
  #refused = new Map();
  #isDue = false;
  #width = 320;

  /** `isBlurred(tile)` says whether a tile hides its picture. */
  constructor(isBlurred) {
    this.isBlurred = isBlurred;
    this.watcher = new IntersectionObserver((entries) => this.#noteSeen(entries), { rootMargin: "120px" });
    this.sizes = new ResizeObserver(([entry]) => {
      this.#width = Math.max(64, Math.round(entry.contentRect.width * Math.min(devicePixelRatio, 2)));
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

  /** Begin as many requests as may run. */
  load() {
    if (document.hidden) return;
    while (this.#busy.size < AT_ONCE) {
      const tile = this.#next();
      if (!tile) return;
      this.#fetch(tile);
    }
  }

  /** Draw a tile anew from the picture it has, clear or blurred. */
  async redraw(tile) {
    if (tile.blob) await this.#decode(tile, tile.blob, tile.shown.sha256, tile.shown.at);
  }

  #noteSeen(entries) {
    for (const { target, isIntersecting } of entries) {
      const tile = this.#tiles.get(target.dataset.session);
      if (tile) tile.isSeen = isIntersecting;
    }
    this.load();
  }

  #next() {
    let best = null;
    const now = Date.now();
    for (const tile of this.#tiles.values()) {
      if (!this.#isWanted(tile, now)) continue;
      if (!best || (tile.isSeen && !best.isSeen) || (tile.isSeen === best.isSeen && tile.shown.at < best.shown.at)) best = tile;
    }
    return best;
  }

  #isWanted(tile, now) {
    const { last_frame_sha256: sha256 } = tile.session;
    if (!sha256 || sha256 === tile.shown.sha256 || this.#busy.has(tile.id)) return false;
    if (this.#refused.get(tile.id) > now) return false;
    return tile.isSeen || (tile.age ?? Infinity) > OUT_OF_SIGHT;
  }

  async #fetch(tile) {
    const { last_frame_sha256: sha256, last_frame_at: at } = tile.session;
    this.#busy.add(tile.id);
    try {
      // The address changes with the picture: keeping it would only fill the disk.
      const answer = await fetch(frameAddress(tile.session), { cache: "no-store" });
      if (!answer.ok) throw new Error(answer.statusText);
      tile.blob = await answer.blob();
      await this.#decode(tile, tile.blob, sha256, Date.parse(at));
    } catch {
      this.#refused.set(tile.id, Date.now() + AGAIN);
    }
    this.#busy.delete(tile.id);
    this.load();
  }

  async #decode(tile, blob, sha256, at) {
    const isBlurred = this.isBlurred(tile);
    const resizeWidth = isBlurred ? BLURRED_WIDTH : this.#width;
    const bitmap = await createImageBitmap(blob, { resizeWidth, resizeQuality: isBlurred ? "medium" : "low" });
    this.#ready.get(tile.id)?.bitmap.close();
    this.#ready.set(tile.id, { tile, bitmap, sha256, at });
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
