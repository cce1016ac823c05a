/* Words that are dragged into the gaps of a text, or chosen and put down by two presses. The gaps are
   menus: they are what is answered with, and by keyboard. */

import { define, Enhanced, Ghost, letDrag, setControl, whenSettled } from "./picture.js";

class Words extends Enhanced {
  #held = null;

  listen() {
    this.gaps = [...this.querySelectorAll("select[data-gap]")];
    this.words = [...this.querySelectorAll("[data-word]")];
    if (this.gaps.some((gap) => gap.disabled)) return;
    for (const word of this.words) {
      word.addEventListener("click", () => this.#hold(this.#held === word ? null : word));
      letDrag(word, {
        start: () => {
          this.#hold(word);
          return new Ghost(word);
        },
        move: (ghost, x, y) => {
          ghost.move(x, y);
          const over = this.#gapAt(x, y);
          for (const gap of this.gaps) gap.classList.toggle("over", gap === over);
        },
        end: (ghost, x, y, isOff) => {
          ghost.remove();
          const gap = this.#gapAt(x, y);
          if (!isOff && gap) setControl(gap, word.dataset.word);
          this.#hold(null);
        },
      });
    }
    for (const gap of this.gaps) {
      whenSettled(gap, () => this.#makeRoom(gap));
      gap.addEventListener("pointerdown", (event) => this.#takeHeld(event, gap));
      gap.addEventListener("mousedown", (event) => this.#taken === gap && event.preventDefault());
    }
  }

  #taken = null;

  /** Put the word that was chosen before into a gap that is pressed, instead of opening its menu. */
  #takeHeld(event, gap) {
    this.#taken = null;
    if (this.#held?.dataset.group !== gap.dataset.group) return;
    event.preventDefault();
    this.#taken = gap;
    setControl(gap, this.#held.dataset.word);
    this.#hold(null);
  }

  #hold(word) {
    this.#held = word;
    this.draw();
  }

  #gapAt(x, y) {
    const gap = document.elementFromPoint(x, y)?.closest("select[data-gap]");
    return this.gaps.includes(gap) && gap.dataset.group === this.#held?.dataset.group ? gap : null;
  }

  /** A word that can be used once leaves the gap where it was. */
  #makeRoom(gap) {
    const word = this.words.find((one) => one.dataset.word === gap.value);
    if (!word || "reuse" in word.dataset) return;
    for (const other of this.gaps) {
      if (other === gap || other.value !== gap.value) continue;
      setControl(other, "");
      this.say(`${word.textContent.trim()} was moved here from gap ${other.dataset.gap}`);
    }
  }

  draw() {
    const used = new Set(this.gaps.map((gap) => gap.value));
    for (const word of this.words) {
      word.classList.toggle("on", this.#held === word);
      word.classList.toggle("used", used.has(word.dataset.word) && !("reuse" in word.dataset));
    }
    for (const gap of this.gaps) {
      gap.classList.toggle("filled", !gap.disabled && gap.value !== "");
      gap.classList.toggle("fits", this.#held?.dataset.group === gap.dataset.group);
      gap.classList.remove("over");
    }
  }
}

define("eh-words", Words);
