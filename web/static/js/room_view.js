/* The questions of the exam room: one at a time, the tiles, the flags, the progress. */

import { call } from "./api.js";
import { isAnswered, readControls, restoreControls } from "./controls.js";
import { byId, spellMoment } from "./pages.js";

const PROGRESS_WIDTH = 240;

/** Event `change` {itemId, raw} when the candidate changed an answer; `finish` after the last question. */
export class RoomView extends EventTarget {
  #sections = [...document.querySelectorAll("#items > [data-item]")];
  #tiles = [...document.querySelectorAll("[data-goto]")];
  #raws = new Map();
  #kept = new Set();
  #done = new Set();
  #isLocked = false;
  current = 0;

  constructor(attemptId, items) {
    super();
    Object.assign(this, { attemptId, items });
    this.#sections.forEach((section, n) => this.#fill(section, items[n]));
    this.#listen();
    addEventListener("hashchange", () => this.show(numberOfPage(), { focus: true }));
    if (this.#sections.length) this.show(numberOfPage());
  }

  get count() {
    return this.#sections.length;
  }

  raw(itemId) {
    return this.#raws.get(itemId);
  }

  /** Put a response into an item's controls without telling that it changed. */
  restore(itemId, raw) {
    restoreControls(this.#body(itemId), raw);
    this.#raws.set(itemId, raw ?? {});
    this.draw();
  }

  /** Show question `number` (from 1); `focus` moves to its heading. */
  show(number, { focus = false } = {}) {
    const index = Math.min(Math.max(number - 1, 0), this.count - 1);
    this.current = index;
    this.#sections.forEach((section, n) => {
      section.hidden = n !== index;
    });
    const title = this.#sections[index].querySelector("h1");
    document.title = `${title.textContent} of ${this.count} · examhall`;
    if (focus) {
      byId("main").scrollTo(0, 0);
      title.focus({ preventScroll: true });
    }
    this.draw();
  }

  go(number) {
    const wanted = `#q${number}`;
    if (location.hash === wanted) this.show(number, { focus: true });
    else location.hash = wanted;
  }

  /** Items without an answer, and flagged ones, by number; where nothing is asked, nothing is open. */
  numbers(kind) {
    const isOpen = (item, n) => this.#asks(n) && !isAnswered(this.#raws.get(item.id));
    return this.items
      .map((item, n) => [n + 1, kind === "flagged" ? item.flagged : isOpen(item, n)])
      .filter(([, wanted]) => wanted)
      .map(([number]) => number);
  }

  /** Whether there is anything to answer: a description has no controls. */
  #asks(index) {
    return this.#sections[index].querySelector("[data-controls] [name]") !== null;
  }

  /** Tell what the server has: `isKept(itemId)` says whether nothing of it waits any more. */
  drawKept(isKept) {
    this.#kept = new Set(this.items.filter((item) => isKept(item.id)).map((item) => item.id));
    this.draw();
  }

  /** Say below a question when it was saved. */
  noteSaved(itemId, savedAt, state) {
    const line = this.#section(itemId).querySelector("[data-saved]");
    const time = spellMoment(savedAt, { seconds: true });
    const { can_check: canCheck } = this.items.find((item) => item.id === itemId).progress;
    line.hidden = false;
    line.lastElementChild.textContent = {
      saved: `Saved at ${time}.${canCheck ? "" : " You can change it until you hand in."}`,
      conflict: `Saved at ${time}. It was also answered in another window: this newest answer counts, the other one is kept.`,
      quarantined: `This answer came after the end, at ${time}. It is kept, and a person decides about it.`,
    }[state];
  }

  lock(isLocked) {
    this.#isLocked = isLocked;
    for (const section of this.#sections) {
      const isDone = this.#done.has(section.dataset.item);
      section.querySelector("[data-controls]").inert = isLocked || isDone;
      section.querySelector("[data-flag]").disabled = isLocked;
      const course = section.querySelector("[data-course]");
      if (course) course.inert = isLocked;
    }
  }

  /** Keep one item's answer as it is, because it was checked. */
  lockItem(itemId, isDone) {
    if (isDone) this.#done.add(itemId);
    else this.#done.delete(itemId);
    this.#body(itemId).inert = this.#isLocked || isDone;
  }

  /** Go to an item's first control. */
  focusAnswer(itemId) {
    this.#body(itemId).querySelector("input, select, textarea, button, [tabindex]")?.focus();
  }

  draw() {
    for (const tile of this.#tiles) this.#drawTile(tile);
    const asked = this.items.filter((_, n) => this.#asks(n)).length;
    const answered = asked - this.numbers("open").length;
    const flagged = this.numbers("flagged").length;
    byId("progress")?.setAttribute("width", (PROGRESS_WIDTH * answered) / (asked || 1));
    const text = `${answered} of ${asked} answered`;
    setText("[data-count]", flagged ? `${text} · ${flagged} flagged` : text);
    setText("[data-count-short]", text);
    const isLast = this.current === this.count - 1;
    if (byId("previous")) byId("previous").disabled = this.current === 0;
    if (byId("next")) byId("next").firstElementChild.textContent = isLast ? "Finish" : "Next";
    for (const line of document.querySelectorAll("[data-section-count]")) this.#drawSection(line);
  }

  #drawTile(tile) {
    const number = Number(tile.dataset.goto);
    const item = this.items[number - 1];
    const answered = isAnswered(this.#raws.get(item.id));
    const isCurrent = number - 1 === this.current;
    tile.classList.toggle("done", answered && this.#kept.has(item.id));
    tile.toggleAttribute("aria-current", isCurrent);
    if (isCurrent) tile.setAttribute("aria-current", "step");
    tile.querySelector("[data-tile-flag]").hidden = !item.flagged;
    const words = [this.#asks(number - 1) ? (answered ? "answered" : "not answered") : "nothing to answer"];
    if (isCurrent) words.push("current");
    if (item.flagged) words.push("flagged");
    tile.setAttribute("aria-label", `Question ${number}, ${words.join(", ")}`);
  }

  #drawSection(line) {
    const inside = this.items.filter((item) => String(item.section_number) === line.dataset.sectionCount);
    const asked = inside.filter((item) => this.#asks(this.items.indexOf(item)));
    const answered = asked.filter((item) => isAnswered(this.#raws.get(item.id))).length;
    line.textContent = `${answered} of ${asked.length}`;
  }

  #fill(section, item) {
    restoreControls(section.querySelector("[data-controls]"), item.raw);
    this.#raws.set(item.id, item.raw ?? {});
    addRuleOut(section, `examhall-out:${item.id}`);
  }

  #listen() {
    const form = byId("items");
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const type of ["input", "change"]) form.addEventListener(type, (event) => this.#noteChange(event));
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-flag]");
      if (button) this.#flag(button);
    });
    document.addEventListener("click", (event) => {
      const tile = event.target.closest("[data-goto]");
      if (!tile) return;
      event.preventDefault();
      tile.closest("dialog")?.close();
      this.go(Number(tile.dataset.goto));
    });
    byId("previous")?.addEventListener("click", () => this.go(this.current));
    byId("next")?.addEventListener("click", () => this.#forward());
    addEventListener("keydown", (event) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
      if (event.code === "KeyN") this.go(Math.min(this.current + 2, this.count));
      else if (event.code === "KeyP") this.go(Math.max(this.current, 1));
      else return;
      event.preventDefault();
    });
  }

  #forward() {
    if (this.current < this.count - 1) this.go(this.current + 2);
    else this.dispatchEvent(new Event("finish"));
  }

  #noteChange(event) {
    const section = event.target.closest("[data-item]");
    if (!section || !event.target.closest("[data-controls]")) return;
    const itemId = section.dataset.item;
    const raw = readControls(section.querySelector("[data-controls]"));
    if (JSON.stringify(raw) === JSON.stringify(this.#raws.get(itemId))) return;
    this.#raws.set(itemId, raw);
    section.querySelector("[data-saved]").hidden = true;
    this.dispatchEvent(new CustomEvent("change", { detail: { itemId, raw } }));
    this.draw();
  }

  async #flag(button) {
    const item = this.items.find(({ id }) => id === button.closest("[data-item]").dataset.item);
    item.flagged = !item.flagged;
    button.setAttribute("aria-pressed", String(item.flagged));
    this.draw();
    await this.sendFlags();
  }

  /** Flags are a help for this candidate only: a loss is mended by the next change. */
  async sendFlags() {
    const items = this.items.filter((item) => item.flagged).map((item) => item.id);
    this.areFlagsSent = await call("PUT", `/attempts/${this.attemptId}/flags`, { items }).then(
      () => true,
      () => false,
    );
  }

  #section(itemId) {
    return this.#sections.find((section) => section.dataset.item === itemId);
  }

  #body(itemId) {
    return this.#section(itemId).querySelector("[data-controls]");
  }
}

function numberOfPage() {
  return Number(/^#q(\d+)$/.exec(location.hash)?.[1] ?? 1);
}

function setText(selector, text) {
  for (const element of document.querySelectorAll(selector)) element.textContent = text;
}

/** Call a control by the words beside it alone: the button within its label is not part of its name. */
function nameByText(control, words) {
  if (!words || control.hasAttribute("aria-labelledby")) return;
  words.id ||= `${control.id}-words`;
  control.setAttribute("aria-labelledby", words.id);
}

/** Let options of a choice be struck out; a note for the candidate alone, kept on this device. */
function addRuleOut(section, key) {
  const out = new Set(JSON.parse(localStorage.getItem(key) ?? "[]"));
  for (const option of section.querySelectorAll("label.opt")) {
    const control = option.querySelector("input");
    const button = byId("rule-out").content.firstElementChild.cloneNode(true);
    const letter = option.querySelector(".key")?.textContent ?? control.value;
    button.setAttribute("aria-label", `Rule out answer ${letter}`);
    nameByText(control, option.querySelector(".lbl"));
    const draw = () => {
      option.classList.toggle("gone", out.has(control.value));
      button.setAttribute("aria-pressed", String(out.has(control.value)));
    };
    button.addEventListener("click", (event) => {
      event.preventDefault();
      if (!out.delete(control.value)) out.add(control.value);
      localStorage.setItem(key, JSON.stringify([...out]));
      draw();
    });
    option.append(button);
    draw();
  }
}
