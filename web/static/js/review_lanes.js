/* The lanes: where the position is, and a way to move it by finger, pointer and keys. */

import { byId } from "./pages.js";

const ZOOMS = ["1", "2", "4", "8", "16"];
const STEP = 5000;
const LEAP = 60000;

export class Lanes {
  #box = byId("lanes");
  #inner = this.#box.querySelector(".tlz");
  #svg = this.#box.querySelector("svg");
  #isDragging = false;

  constructor(player, spell) {
    Object.assign(this, { player, spell });
    this.#svg.addEventListener("pointerdown", (event) => this.#press(event));
    this.#svg.addEventListener("pointermove", (event) => this.#isDragging && this.#seek(event));
    for (const name of ["pointerup", "pointercancel"]) {
      this.#svg.addEventListener(name, () => {
        this.#isDragging = false;
      });
    }
    this.#box.addEventListener("keydown", (event) => this.#key(event));
  }

  draw(position) {
    const { start, end } = this.player;
    const x = ((position - start) / (end - start)) * 1000;
    const line = this.#svg.querySelector(".ph");
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
    this.#box.setAttribute("aria-valuenow", Math.floor((position - start) / 1000));
    this.#box.setAttribute("aria-valuetext", this.spell(position - start));
    this.#keepInView(x / 1000);
  }

  /** Mark the incident that is looked at. */
  mark(id) {
    for (const rect of this.#svg.querySelectorAll("[data-incident]")) {
      rect.classList.toggle("here", rect.dataset.incident === id);
    }
  }

  /** Show an incident as it was judged. */
  judge(id, state) {
    const rect = this.#svg.querySelector(`[data-incident="${id}"]`);
    rect?.classList.toggle("gone", state === "dismissed");
  }

  zoom(direction) {
    const index = ZOOMS.indexOf(this.#inner.dataset.zoom) + direction;
    if (ZOOMS[index]) this.#inner.dataset.zoom = ZOOMS[index];
    this.draw(this.player.position);
  }

  /** Called with an incident's id when it is pressed. */
  onPressed = () => {};

  #press(event) {
    const { incident } = event.target.dataset;
    if (incident) {
      this.onPressed(incident);
      return;
    }
    this.#isDragging = true;
    this.#svg.setPointerCapture(event.pointerId);
    this.#seek(event);
  }

  #seek(event) {
    const { left, width } = this.#svg.getBoundingClientRect();
    const { start, end } = this.player;
    this.player.seek(start + ((event.clientX - left) / width) * (end - start));
  }

  #key(event) {
    const { player } = this;
    const moves = {
      ArrowLeft: -STEP,
      ArrowDown: -STEP,
      ArrowRight: STEP,
      ArrowUp: STEP,
      PageDown: -LEAP,
      PageUp: LEAP,
      Home: player.start - player.position,
      End: player.end - player.position,
    };
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    player.seek(player.position + moves[event.key]);
  }

  #keepInView(share) {
    const { scrollLeft, clientWidth, scrollWidth } = this.#box;
    if (scrollWidth <= clientWidth || this.#isDragging) return;
    const x = share * scrollWidth;
    if (x < scrollLeft || x > scrollLeft + clientWidth) this.#box.scrollLeft = x - clientWidth / 2;
  }
}
