/* Labels on a picture: dragged, or chosen and put down by two presses. The lists below the picture are
   what is answered with; whatever happens on the picture changes them. */

import { define, Enhanced, Ghost, letDrag, place, setControl, whenSettled } from "./picture.js";

class Gaps extends Enhanced {
  #held = null;

  listen() {
    this.selects = [...this.querySelectorAll("select[data-place]")];
    this.labels = [...this.querySelectorAll("[data-label]")];
    this.isLocked = this.selects.some((select) => select.disabled);
    for (const select of this.selects) {
      whenSettled(select, () => this.#makeRoom(select));
    }
    if (this.isLocked) return;
    this.classList.add("live");
    const layer = this.layer();
    layer.setAttribute("aria-hidden", "true");
    this.drops = this.selects.map((select) => this.#makeDrop(select, layer));
    for (const label of this.labels) this.#listenTo(label, () => ({ value: label.dataset.label, from: null }));
    for (const [n, drop] of this.drops.entries()) {
      const select = this.selects[n];
      this.#listenTo(drop, () => select.value && { value: select.value, from: select });
    }
    this.#watchWidth();
  }

  #makeDrop(select, layer) {
    const drop = document.createElement("button");
    Object.assign(drop, { type: "button", tabIndex: -1, className: "drop" });
    const [x, y, width, height] = select.dataset.box.split(" ").map(Number);
    const size = { width: Number(this.dataset.width), height: Number(this.dataset.height) };
    place(drop, x + width / 2, y + height / 2, size);
    drop.style.width = `${(100 * width) / size.width}%`;
    drop.style.height = `${(100 * height) / size.height}%`;
    layer.append(drop);
    return drop;
  }

  /** Let a label, or a place that has one, be pressed and dragged; `held()` says what it holds. */
  #listenTo(element, held) {
    element.addEventListener("click", () => {
      const n = this.drops.indexOf(element);
      if (this.#held && n >= 0) this.#put(this.selects[n]);
      else this.#hold(this.#held?.value === held()?.value ? null : held() || null);
    });
    letDrag(element, {
      start: () => {
        if (!held()) return null;
        this.#hold(held());
        return new Ghost(this.#label(held().value));
      },
      move: (ghost, x, y) => ghost.move(x, y),
      end: (ghost, x, y, isOff) => {
        ghost.remove();
        const n = this.drops.indexOf(document.elementFromPoint(x, y)?.closest(".drop"));
        if (!isOff && n >= 0) this.#put(this.selects[n]);
        else if (!isOff && this.#held?.from) setControl(this.#held.from, "");
        this.#hold(null);
      },
    });
  }

  #hold(held) {
    this.#held = held;
    this.draw();
  }

  #put(select) {
    const { value, from } = this.#held;
    this.#held = null;
    const fits = this.#label(value).dataset.group === select.dataset.group;
    if (fits && from !== select) {
      const old = select.value;
      if (from) setControl(from, from.dataset.group === select.dataset.group ? old : "");
      setControl(select, value);
    }
    this.draw();
  }

  /** A label that can be used once leaves the place where it was. */
  #makeRoom(select) {
    const label = this.#label(select.value);
    if (!label || label.dataset.reuse) return;
    for (const other of this.selects) {
      if (other !== select && other.value === select.value) {
        setControl(other, "");
        this.say(`${label.textContent.trim()} was moved here from ${other.labels[0].querySelector(".grow").textContent}`);
      }
    }
  }

  #label(value) {
    return this.labels.find((label) => label.dataset.label === value);
  }

  draw() {
    if (this.isLocked) return;
    const used = new Set(this.selects.map((select) => select.value));
    for (const label of this.labels) {
      const { label: value, reuse } = label.dataset;
      label.classList.toggle("on", this.#held?.value === value);
      label.classList.toggle("used", used.has(value) && !reuse);
    }
    const group = this.#held && this.#label(this.#held.value).dataset.group;
    for (const [n, drop] of this.drops.entries()) {
      const select = this.selects[n];
      const label = this.#label(select.value);
      const inside = label?.cloneNode(true).childNodes ?? [document.createTextNode(select.dataset.letter)];
      drop.replaceChildren(...inside);
      drop.classList.toggle("full", Boolean(label));
      drop.classList.toggle("on", this.#held?.from === select);
      drop.classList.toggle("fits", group === select.dataset.group);
    }
  }

  /** Write the labels on the picture smaller where it is small. */
  #watchWidth() {
    const picture = this.querySelector("[data-picture]");
    new ResizeObserver(() => {
      const share = picture.clientWidth / Number(this.dataset.width);
      picture.style.setProperty("--label", `${Math.min(Math.max(14 * share, 10), 15)}px`);
    }).observe(picture);
  }
}

define("eh-gaps", Gaps);
