/* Markers on a picture: an element whose value is a list of "x,y" or "kind:x,y". */

import { define, Enhanced, Ghost, letDrag, place, tellChange } from "./picture.js";

const MARK = /^(?:(\d+):)?(-?[\d.]+),(-?[\d.]+)$/;
const STEP = 10;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Markers extends Enhanced {
  #marks = [];
  #armed = null;
  #selected = -1;

  get value() {
    return this.#marks.map(({ kind, x, y }) => (kind ? `${kind}:` : "") + `${x},${y}`);
  }

  set value(texts) {
    const read = (Array.isArray(texts) ? texts : [texts]).map((text) => MARK.exec(text)).filter(Boolean);
    this.#marks = read.map(([, kind = "", x, y]) => ({ kind, x: Number(x), y: Number(y) }));
    this.#selected = -1;
    if (this.isReady) this.#build();
  }

  listen() {
    this.size = { width: Number(this.dataset.width), height: Number(this.dataset.height) };
    this.picture = this.querySelector("[data-picture]");
    this.board = this.layer();
    this.tags = [...this.querySelectorAll("[data-kind]")];
    this.picture.addEventListener("click", (event) => this.#pressPicture(event));
    for (const tag of this.tags) this.#listenToTag(tag);
    if (Object.hasOwn(this, "value")) {
      // Given before this element came to life.
      const { value } = this;
      delete this.value;
      this.value = value;
    }
    this.#build();
  }

  #listenToTag(tag) {
    const { kind } = tag.dataset;
    tag.addEventListener("click", (event) => {
      if (event.detail === 0) this.#addInMiddle(kind);
      else {
        this.#armed = this.#armed === kind ? null : kind;
        this.#selected = -1;
        this.draw();
      }
    });
    letDrag(tag, {
      start: () => (this.#isFull(kind) ? null : new Ghost(tag)),
      move: (ghost, x, y) => ghost.move(x, y),
      end: (ghost, x, y, isOff) => {
        ghost.remove();
        if (!isOff && this.#isInside(x, y)) this.#add(kind, this.#point(x, y));
      },
    });
  }

  #pressPicture(event) {
    if (event.target.closest(".mark")) return;
    const point = this.#point(event.clientX, event.clientY);
    const kind = this.#armed ?? (this.tags.length === 1 ? this.tags[0].dataset.kind : null);
    if (this.#armed === null && this.#selected >= 0) this.#moveTo(this.#selected, point);
    else if (kind === null) this.say("Choose a marker first.");
    else if (this.#isFull(kind)) this.#moveTo(this.#marks.findLastIndex((mark) => mark.kind === kind), point);
    else this.#add(kind, point);
    this.#armed = null;
    this.#selected = -1;
    this.draw();
  }

  #addInMiddle(kind) {
    const last = this.#marks.findLastIndex((mark) => mark.kind === kind);
    if (!this.#isFull(kind)) this.#add(kind, { x: Math.round(this.size.width / 2), y: Math.round(this.size.height / 2) });
    this.board.children[this.#isFull(kind) && last === this.#marks.length - 1 ? last : this.#marks.length - 1].focus();
  }

  #add(kind, point) {
    this.#marks.push({ kind, ...point });
    this.#build();
    this.#tell(this.#marks.length - 1);
  }

  #remove(n) {
    const [{ kind }] = this.#marks.splice(n, 1);
    this.#selected = -1;
    this.#build();
    this.say(`${this.#words(kind)} removed`);
    tellChange(this);
    (this.board.children[Math.min(n, this.#marks.length - 1)] ?? this.#tag(kind)).focus();
  }

  #moveTo(n, { x, y }) {
    const within = (value, end) => Math.min(Math.max(value, 0), end);
    Object.assign(this.#marks[n], { x: within(x, this.size.width), y: within(y, this.size.height) });
    this.draw();
    this.#tell(n);
  }

  #tell(n) {
    const { kind, x, y } = this.#marks[n];
    this.say(`${this.#words(kind)} at ${x} across, ${y} down`);
    tellChange(this);
  }

  #isFull(kind) {
    const limit = Number(this.#tag(kind).dataset.limit);
    return limit > 0 && this.#marks.filter((mark) => mark.kind === kind).length >= limit;
  }

  #tag(kind) {
    return this.tags.find((tag) => tag.dataset.kind === kind) ?? this.tags[0];
  }

  #words(kind) {
    return this.#tag(kind).dataset.words;
  }

  #point(clientX, clientY) {
    const { left, top, width, height } = this.picture.getBoundingClientRect();
    const x = Math.round(((clientX - left) / width) * this.size.width);
    const y = Math.round(((clientY - top) / height) * this.size.height);
    return { x: Math.min(Math.max(x, 0), this.size.width), y: Math.min(Math.max(y, 0), this.size.height) };
  }

  #isInside(x, y) {
    return Boolean(document.elementFromPoint(x, y)?.closest("[data-picture]") === this.picture);
  }

  /** Make the marks and their rows anew. */
  #build() {
    this.board.replaceChildren(...this.#marks.map((mark, n) => this.#makeMark(mark, n)));
    this.querySelector("[data-spots]").replaceChildren(...this.#marks.map((mark, n) => this.#makeRow(mark, n)));
    this.draw();
  }

  #makeMark({ kind }, n) {
    const mark = document.createElement("button");
    Object.assign(mark, { type: "button", className: "mark", textContent: kind || String(n + 1) });
    mark.addEventListener("click", () => {
      this.#selected = this.#selected === n ? -1 : n;
      this.#armed = null;
      this.draw();
    });
    mark.addEventListener("keydown", (event) => this.#pressKey(event, n));
    letDrag(mark, {
      start: () => mark,
      move: (_, x, y) => {
        Object.assign(this.#marks[n], this.#point(x, y));
        this.draw();
      },
      end: () => this.#tell(n),
    });
    return mark;
  }

  #pressKey(event, n) {
    const { x, y } = this.#marks[n];
    const arrow = ARROWS[event.key];
    const step = event.shiftKey ? 1 : STEP;
    if (arrow) this.#moveTo(n, { x: x + step * arrow[0], y: y + step * arrow[1] });
    else if (event.key === "Delete" || event.key === "Backspace") this.#remove(n);
    else return;
    event.preventDefault();
  }

  #makeRow({ kind }, n) {
    const row = document.createElement("li");
    const letter = Object.assign(document.createElement("span"), { className: "letter", textContent: kind || String(n + 1) });
    const words = Object.assign(document.createElement("b"), { textContent: this.#title(n) });
    const [across, down] = ["across", "down"].map((side) => this.#makeNumber(n, side));
    const remove = Object.assign(document.createElement("button"), { type: "button", className: "btn ghost sm", textContent: "Remove" });
    remove.setAttribute("aria-label", `Remove ${this.#title(n)}`);
    remove.addEventListener("click", () => this.#remove(n));
    const numbers = Object.assign(document.createElement("span"), { className: "numbers" });
    numbers.append(across, down);
    row.append(letter, words, numbers, remove);
    return row;
  }

  #makeNumber(n, side) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const [axis, end] = side === "across" ? ["x", this.size.width] : ["y", this.size.height];
    Object.assign(input, { type: "number", min: "0", max: String(end), className: "input num" });
    input.dataset.axis = axis;
    input.setAttribute("aria-label", `${this.#title(n)}, pixels ${side}`);
    input.addEventListener("change", () => {
      const value = Number(input.value);
      if (input.value !== "" && Number.isFinite(value)) this.#moveTo(n, { ...this.#marks[n], [axis]: Math.round(value) });
    });
    label.append(input, side);
    return label;
  }

  /** "Bridge", "Bridge 2", "Point 3". */
  #title(n) {
    const { kind } = this.#marks[n];
    const place = this.#marks.slice(0, n + 1).filter((mark) => mark.kind === kind).length;
    return Number(this.#tag(kind).dataset.limit) === 1 ? this.#words(kind) : `${this.#words(kind)} ${place}`;
  }

  draw() {
    const rows = [...this.querySelector("[data-spots]").children];
    for (const [n, { x, y }] of this.#marks.entries()) {
      const mark = this.board.children[n];
      place(mark, x, y, this.size);
      mark.setAttribute("aria-label", `${this.#title(n)}, at ${x} across, ${y} down`);
      mark.classList.toggle("on", n === this.#selected);
      for (const input of rows[n].querySelectorAll("input")) {
        if (input !== document.activeElement || input.value !== "") input.value = { x, y }[input.dataset.axis];
      }
    }
    for (const tag of this.tags) this.#drawTag(tag);
    this.picture.classList.toggle("aim", this.#armed !== null || this.#selected >= 0 || this.tags.length === 1);
  }

  #drawTag(tag) {
    const { kind, limit } = tag.dataset;
    const count = this.#marks.filter((mark) => mark.kind === kind).length;
    tag.setAttribute("aria-pressed", String(this.#armed === kind));
    tag.classList.toggle("used", this.#isFull(kind));
    tag.querySelector("[data-used]").textContent = Number(limit) > 1 ? `${count}/${limit}` : count || "";
  }
}

define("eh-markers", Markers);
