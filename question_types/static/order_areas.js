/* Numbers on areas of a picture: each press gives the next number, another press takes it away. */

import { define, Enhanced, setControl, whenSettled } from "./picture.js";

class OrderAreas extends Enhanced {
  listen() {
    this.selects = [...this.querySelectorAll("select[data-area]")];
    for (const shape of this.querySelectorAll("svg [data-area]")) {
      shape.addEventListener("click", () => this.#press(shape.dataset.area));
    }
    for (const select of this.selects) {
      whenSettled(select, () => this.#makeRoom(select));
    }
  }

  #press(area) {
    const select = this.#select(area);
    if (select.disabled) return;
    if (select.value) this.#takeAway(select);
    else {
      const used = new Set(this.selects.map((other) => other.value));
      const free = this.selects.findIndex((_, n) => !used.has(String(n + 1))) + 1;
      setControl(select, String(free));
      this.say(`${this.#name(select)} is number ${free}`);
    }
  }

  #takeAway(select) {
    const number = Number(select.value);
    setControl(select, "");
    const later = this.selects.filter((other) => Number(other.value) > number);
    for (const other of later.sort((a, b) => a.value - b.value)) {
      setControl(other, String(other.value - 1));
    }
    this.say(`${this.#name(select)} has no number`);
  }

  /** A number that was given again leaves the area that had it. */
  #makeRoom(select) {
    if (!select.value) return;
    for (const other of this.selects) {
      if (other !== select && other.value === select.value) {
        setControl(other, "");
        this.say(`${this.#name(other)} has no number any more`);
      }
    }
  }

  #select(area) {
    return this.selects.find((select) => select.dataset.area === area);
  }

  #name(select) {
    return select.labels[0].querySelector(".grow").textContent;
  }

  draw() {
    for (const shape of this.querySelectorAll("svg [data-area]")) {
      const select = this.#select(shape.dataset.area);
      const badge = shape.nextElementSibling;
      for (const element of [shape, badge]) element.classList.toggle("on", select.value !== "");
      badge.querySelector("text").textContent = select.value || select.dataset.letter;
    }
  }
}

define("eh-order", OrderAreas);
