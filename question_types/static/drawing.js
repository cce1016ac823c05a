/* A sheet to draw on: lines in whole pixels, with pen, finger, mouse or the arrow keys. */

import { define } from "./handed_in.js";

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["black", "blue", "red", "green"];
const LONGEST = 150_000;
const MOST = 3000;
const NEAR = 2;
const STEP = 5;
const FAR = 25;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Drawing extends HTMLElement {
  static formAssociated = true;
  #internals = this.attachInternals();
  #lines = [];
  #undone = [];
  #line = null;
  #at = null;

  connectedCallback() {
    if (this.isReady) return;
    this.isReady = true;
    this.sheet = this.querySelector("svg");
    this.size = [Number(this.dataset.width), Number(this.dataset.height)];
    this.#at = this.size.map((length) => Math.round(length / 2));
    this.#listen();
    const early = Object.hasOwn(this, "value") ? this.value : null;
    delete this.value;
    this.value = early ?? this.#shown();
  }

  /** Return the lines that the page came with. */
  #shown() {
    const lines = [...this.sheet.querySelectorAll("polyline")].map((line) => [
      Math.max(0, COLOURS.findIndex((colour) => line.classList.contains(colour))),
      Number(line.getAttribute("stroke-width")),
      ...line.getAttribute("points").split(/[ ,]/).map(Number),
    ]);
    return lines.length ? JSON.stringify(lines) : "";
  }

  get value() {
    return this.#lines.length ? JSON.stringify(this.#lines) : "";
  }

  set value(text) {
    try {
      this.#lines = text ? JSON.parse(text) : [];
    } catch {
      this.#lines = [];
    }
    this.#undone = [];
    this.#internals.setFormValue(this.value);
    this.draw();
  }

  #listen() {
    this.sheet.addEventListener("pointerdown", (event) => this.#begin(event));
    this.sheet.addEventListener("pointermove", (event) => this.#move(event));
    for (const type of ["pointerup", "pointercancel"]) this.sheet.addEventListener(type, () => this.#end());
    this.sheet.addEventListener("keydown", (event) => this.#press(event));
    this.sheet.addEventListener("focus", () => this.draw());
    this.sheet.addEventListener("blur", () => this.#end());
    for (const name of ["undo", "redo", "clear"]) {
      this.#part(name).addEventListener("click", () => this.#take(name));
    }
    // The pens are no part of the answer.
    for (const type of ["input", "change"]) {
      this.addEventListener(type, (event) => event.target !== this && event.stopPropagation());
    }
  }

  #part(name) {
    return this.querySelector(`[data-${name}]`);
  }

  #pen() {
    return [Number(this.#part("pen").value), Number(this.#part("size").value)];
  }

  #place(event) {
    const box = this.sheet.getBoundingClientRect();
    return [
      this.#inside(((event.clientX - box.left) / box.width) * this.size[0], 0),
      this.#inside(((event.clientY - box.top) / box.height) * this.size[1], 1),
    ];
  }

  #inside(number, axis) {
    return Math.min(Math.max(Math.round(number), 0), this.size[axis]);
  }

  #begin(event) {
    if (event.button !== 0 || this.#isFull()) return;
    event.preventDefault();
    this.sheet.focus({ preventScroll: true });
    this.sheet.setPointerCapture(event.pointerId);
    this.#end();
    this.#at = this.#place(event);
    this.#line = [...this.#pen(), ...this.#at];
    this.draw();
  }

  #move(event) {
    if (!this.#line || !this.sheet.hasPointerCapture(event.pointerId)) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) this.#go(this.#place(one));
    this.draw();
  }

  #go(place) {
    const [x, y] = this.#line?.slice(-2) ?? this.#at;
    if (Math.hypot(place[0] - x, place[1] - y) < NEAR) return;
    this.#at = place;
    this.#line?.push(...place);
  }

  #isFull() {
    const isFull = this.#lines.length >= MOST || this.value.length > LONGEST - 20_000;
    if (isFull) this.#say("The sheet is full. Take something back before you draw on.");
    return isFull;
  }

  #end() {
    if (!this.#line) return;
    const line = this.#line.slice(0, 2 + 4000);
    this.#line = null;
    this.#undone = [];
    this.#set([...this.#lines, line]);
  }

  #press(event) {
    const [across, down] = ARROWS[event.key] ?? [];
    if (across !== undefined) {
      const step = event.shiftKey ? FAR : STEP;
      this.#go([this.#inside(this.#at[0] + across * step, 0), this.#inside(this.#at[1] + down * step, 1)]);
      this.draw();
    } else if (event.key === " ") this.#togglePen();
    else if ((event.ctrlKey || event.metaKey) && event.key === "z") this.#take(event.shiftKey ? "redo" : "undo");
    else return;
    event.preventDefault();
  }

  #togglePen() {
    if (this.#line) {
      this.#end();
      this.#say("Pen lifted.");
    } else if (!this.#isFull()) {
      this.#line = [...this.#pen(), ...this.#at];
      this.#say("Pen down.");
      this.draw();
    }
  }

  #take(name) {
    const lines = [...this.#lines];
    if (name === "undo" && lines.length) this.#undone.push(lines.pop());
    else if (name === "redo" && this.#undone.length) lines.push(this.#undone.pop());
    else if (name === "clear") this.#undone.push(...lines.splice(0).reverse());
    this.#set(lines);
    this.#say(`${lines.length} ${lines.length === 1 ? "line" : "lines"}.`);
    if (this.#part(name).disabled) this.sheet.focus();
  }

  #set(lines) {
    this.#lines = lines;
    this.#internals.setFormValue(this.value);
    this.draw();
    for (const name of ["input", "change"]) this.dispatchEvent(new Event(name, { bubbles: true }));
  }

  #say(text) {
    this.#part("say").textContent = text;
  }

  draw() {
    if (!this.isReady) return;
    const lines = [...this.#lines, ...(this.#line ? [this.#line] : [])].map(polyline);
    this.#part("lines").replaceChildren(...lines, ...(this.sheet.matches(":focus-visible") ? [this.#cursor()] : []));
    this.#part("undo").disabled = this.#part("clear").disabled = this.#lines.length === 0;
    this.#part("redo").disabled = this.#undone.length === 0;
  }

  #cursor() {
    const circle = document.createElementNS(SVG, "circle");
    circle.setAttribute("class", this.#line ? "cursor down" : "cursor");
    for (const [name, value] of [["cx", this.#at[0]], ["cy", this.#at[1]], ["r", 8]]) circle.setAttribute(name, value);
    return circle;
  }
}

function polyline([colour, width, ...places]) {
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("class", `pen ${COLOURS[colour]}`);
  line.setAttribute("stroke-width", width);
  const all = places.length === 2 ? [...places, ...places] : places;
  line.setAttribute("points", all.reduce((text, number, n) => text + (n % 2 ? "," : n ? " " : "") + number, ""));
  return line;
}

define("eh-drawing", Drawing);
