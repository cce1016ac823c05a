/* The order of the tiles, and which of them can be seen. */

import { byId } from "./pages.js";

const HOLD = 10000;

export class Grid {
  filter = "all";
  #touchedAt = -Infinity;
  #isPointed = false;
  #order = [];

  /** `me` is the proctor who looks; `changed` is called when the order may be drawn anew. */
  constructor(me, changed) {
    this.me = me;
    this.list = byId("tiles");
    this.groups = {
      all: () => true,
      attention: (tile) => tile.tone === "bad",
      noted: (tile) => tile.tone === "warn",
      offline: (tile) => tile.isOffline,
      waiting: (tile) => tile.isWaiting,
      mine: (tile) => tile.session.proctor_id === me,
      messages: (tile) => tile.session.unread_messages > 0,
    };
    this.#listen(changed);
  }

  /** Whether tiles stay where they are, because somebody has just pointed at one or moved to it. */
  get isHeld() {
    if (performance.now() - this.#touchedAt > HOLD) return false;
    return this.#isPointed || this.list.contains(document.activeElement);
  }

  /** Show the tiles of the filter that match the words; returns those, in their order. */
  arrange(tiles, words) {
    const shown = tiles.filter((tile) => this.groups[this.filter](tile) && tile.matches(words));
    const held = this.isHeld && this.#order.length > 0;
    const sorted = held ? this.#keepOrder(shown) : shown.sort(byAttention);
    this.#place(sorted.map((tile) => tile.element));
    this.#order = sorted.map((tile) => tile.id);
    byId("order").textContent = held ? "Order held" : "Sorted by attention";
    return sorted;
  }

  count(group, tiles) {
    return tiles.filter(this.groups[group]).length;
  }

  /** Sort at the next drawing, whatever is pointed at. */
  release() {
    this.#touchedAt = -Infinity;
    this.#order = [];
  }

  #keepOrder(shown) {
    const places = new Map(this.#order.map((id, place) => [id, place]));
    const place = (tile) => places.get(tile.id) ?? Infinity;
    return shown.sort((a, b) => (place(a) === place(b) ? byAttention(a, b) : place(a) - place(b)));
  }

  /** Bring tiles into order, touching only what moved: pictures stay, and so does the focus. */
  #place(elements) {
    const wanted = new Set(elements);
    const focused = document.activeElement;
    for (const element of [...this.list.children]) if (!wanted.has(element)) element.remove();
    elements.forEach((element, place) => {
      const there = this.list.children[place];
      if (there !== element) this.list.insertBefore(element, there ?? null);
    });
    if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  #listen(changed) {
    const touch = () => {
      this.#touchedAt = performance.now();
    };
    this.list.addEventListener("pointermove", ({ pointerType }) => {
      this.#isPointed = pointerType === "mouse";
      touch();
    }, { passive: true });
    this.list.addEventListener("focusin", touch);
    this.list.addEventListener("keydown", touch);
    this.list.addEventListener("pointerleave", () => {
      this.#isPointed = false;
      changed();
    });
  }
}

function byAttention(a, b) {
  return b.attention - a.attention || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1);
}
