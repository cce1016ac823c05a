/* Pairs: two presses, on things or on areas of a picture, make one. */

import { define, Enhanced, setControl } from "./picture.js";

const SVG = "http://www.w3.org/2000/svg";

class Links extends Enhanced {
  #held = "";

  listen() {
    this.rows = [...this.querySelectorAll(".pairrow")].map((row) => [...row.querySelectorAll("select")]);
    this.choices = [...this.querySelectorAll("[data-choice], svg [data-area]")];
    for (const choice of this.choices) choice.addEventListener("click", () => this.#press(valueOf(choice)));
    this.addEventListener("click", (event) => {
      const row = event.target.closest("[data-clear]")?.closest(".pairrow");
      for (const select of row?.querySelectorAll("select") ?? []) setControl(select, "");
    });
  }

  #press(value) {
    if (this.rows[0]?.[0].disabled) return;
    if (!this.#held) this.#held = value;
    else {
      if (this.#held !== value) this.#join(this.#held, value);
      this.#held = "";
    }
    this.draw();
  }

  #join(one, other) {
    const has = ([first, second]) =>
      [first.value, second.value].sort().join() === [one, other].sort().join();
    if (this.rows.some(has)) return;
    const free = this.rows.find(([first, second]) => !first.value && !second.value);
    if (!free) {
      this.say("All pairs are used: empty one first.");
      return;
    }
    setControl(free[0], one);
    setControl(free[1], other);
  }

  draw() {
    const used = new Set(this.rows.flat().map((select) => select.value));
    for (const choice of this.choices) {
      choice.classList.toggle("on", valueOf(choice) === this.#held);
      choice.classList.toggle("used", used.has(valueOf(choice)));
    }
    const lines = this.querySelector("[data-lines]");
    if (!lines || this.rows[0]?.[0].disabled) return;
    const pairs = this.rows.filter(([first, second]) => first.value && second.value);
    lines.replaceChildren(...pairs.map(([first, second]) => this.#line(first.value, second.value)));
  }

  #line(one, other) {
    const line = document.createElementNS(SVG, "line");
    for (const [end, value] of [["1", one], ["2", other]]) {
      const { x, y } = this.querySelector(`[data-dot="${value}"]`).dataset;
      line.setAttribute(`x${end}`, x);
      line.setAttribute(`y${end}`, y);
    }
    return line;
  }
}

const valueOf = (choice) => choice.dataset.choice ?? choice.dataset.area;

define("eh-links", Links);
