/* Checks while the exam runs: verdicts, feedback, hints, tries. What is told comes from the server. */

import { ApiError, call, newId } from "./api.js";
import { readControls } from "./controls.js";

const WORDS = {
  right: ["ok", "Right"],
  partial: ["warn", "Partly right"],
  wrong: ["bad", "Not right"],
  invalid: ["warn", "Not checked yet"],
};
const NO_CONNECTION =
  "There is no connection. Your answer is kept on this device: check it again when the connection is back.";
const NOT_SENT = "Your answer could not be saved yet. It is kept on this device: try again in a moment.";

/** The check buttons of all items that have one; `clock` hears the server's time. */
export class RoomChecks {
  #pending = new Map();
  #busy = new Set();

  constructor(attemptId, { view, outbox, clock, store }) {
    Object.assign(this, { attemptId, view, outbox, clock, store });
    for (const box of document.querySelectorAll("[data-course]")) this.#draw(box);
    document.addEventListener("click", (event) => {
      const box = event.target.closest("[data-course]");
      if (box && event.target.closest("[data-check]")) this.#run(box, () => this.#check(box));
      if (box && event.target.closest("[data-try-again]")) this.#run(box, () => this.#tryAgain(box));
    });
    view.addEventListener("change", ({ detail }) => this.#noteChange(detail.itemId));
  }

  async #run(box, action) {
    const { id } = this.#item(box);
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    box.setAttribute("aria-busy", "true");
    this.#complain(box, "");
    try {
      await action();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      await this.#fail(box, error);
    } finally {
      this.#busy.delete(id);
      box.removeAttribute("aria-busy");
      this.#draw(box);
    }
  }

  async #check(box) {
    const item = this.#item(box);
    if (!(await this.outbox.drain())) {
      this.#complain(box, this.outbox.isOffline ? NO_CONNECTION : NOT_SENT);
      return;
    }
    const body = await this.#operation(item);
    const answer = await call("POST", this.#path(item, "check"), body);
    this.#pending.delete(item.id);
    this.outbox.take(item.id, answer.saved);
    this.clock.sync(answer.saved.clock);
    this.#tell(box, answer.progress);
  }

  async #tryAgain(box) {
    const item = this.#item(box);
    const key = `again:${item.id}`;
    if (!this.#pending.has(key)) this.#pending.set(key, newId());
    const body = { operation_id: this.#pending.get(key), lease_id: this.outbox.leaseId };
    const progress = await call("POST", this.#path(item, "try-again"), body);
    this.#pending.delete(key);
    item.progress = progress;
    this.#draw(box);
    if (progress.kept) this.#clear(box, item, progress.kept);
    this.view.focusAnswer(item.id);
  }

  /** Begin the next try with what a hint has left of the answer. */
  #clear(box, item, kept) {
    this.view.restore(item.id, kept);
    const raw = readControls(box.closest("[data-item]").querySelector("[data-controls]"));
    this.view.restore(item.id, raw);
    this.outbox.note(item.id, raw);
  }

  /** A check that may have arrived is sent again as the same one, so that it costs one try. */
  async #operation(item) {
    const raw = this.view.raw(item.id) ?? {};
    const text = JSON.stringify(raw);
    const known = this.#pending.get(item.id);
    if (known?.text === text) return known.body;
    const body = {
      operation_id: newId(),
      client_sequence: await this.outbox.number(),
      base_revision: this.outbox.revision(item.id),
      lease_id: this.outbox.leaseId,
      raw,
    };
    this.#pending.set(item.id, { text, body });
    return body;
  }

  #tell(box, progress) {
    this.#item(box).progress = progress;
    this.#draw(box);
    box.querySelector("[data-outcome]").focus();
  }

  async #fail(box, error) {
    if (error.isPassing && error.status !== 503) {
      this.#complain(box, NO_CONNECTION);
      return;
    }
    if (error.status !== 503) this.#pending.delete(this.#item(box).id);
    if (error.code === "lease_lost") this.outbox.lose();
    this.#complain(box, error.message);
    if (error.code === "conflict") await this.#catchUp();
  }

  /** Another page of this attempt was faster: show what the server knows. */
  async #catchUp() {
    const room = await call("GET", `/attempts/${this.attemptId}/room`).catch(() => null);
    for (const { id, progress } of room?.items ?? []) {
      const item = this.view.items.find((one) => one.id === id);
      const box = document.querySelector(`[data-item="${id}"] [data-course]`);
      if (item && box) {
        item.progress = progress;
        this.#draw(box);
      }
    }
  }

  /** What was told was about the answer that was checked. */
  #noteChange(itemId) {
    const box = document.querySelector(`[data-item="${itemId}"] [data-course]`);
    box?.querySelector("[data-outcome]").classList.add("stale");
  }

  #draw(box) {
    const item = this.#item(box);
    const { can_check: canCheck, is_over: isOver, awaits_try_again: awaits } = item.progress;
    const check = box.querySelector("[data-check]");
    check.hidden = !canCheck || isOver || awaits;
    box.querySelector("[data-try-again]").hidden = !awaits;
    const isBusy = this.#busy.has(item.id);
    for (const button of box.querySelectorAll("button")) button.disabled = isBusy;
    box.querySelector("[data-tries]").textContent = isOver ? "" : countTries(item.progress);
    this.#drawOutcome(box.querySelector("[data-outcome]"), item);
    this.view.lockItem(item.id, isOver || awaits);
  }

  #drawOutcome(outcome, { progress, points }) {
    const [tone, words] = WORDS[progress.verdict] ?? ["", ""];
    outcome.hidden = !words;
    outcome.className = `notice ${tone}`;
    outcome.querySelector("[data-verdict]").textContent = words;
    const told = progress.points !== null && progress.verdict !== "invalid";
    outcome.querySelector("[data-points]").textContent = told
      ? `${progress.points} of ${points} ${points === "1" ? "point" : "points"}`
      : "";
    for (const name of ["feedback", "hint"]) {
      const place = outcome.querySelector(`[data-${name}]`);
      place.hidden = !progress[name];
      if (place.dataset.shown === progress[name]) continue;
      place.dataset.shown = progress[name];
      place.querySelector("[data-html]").replaceChildren(...parse(progress[name]));
    }
  }

  #complain(box, text) {
    const line = box.querySelector("[data-trouble]");
    line.hidden = !text;
    line.querySelector("span").textContent = text;
  }

  #item(box) {
    const { item: id } = box.closest("[data-item]").dataset;
    return this.view.items.find((item) => item.id === id);
  }

  #path(item, what) {
    return `/attempts/${this.attemptId}/items/${item.id}/${what}`;
  }
}

function countTries({ tries_left: left, awaits_try_again: awaits }) {
  if (left === null) return "";
  const words = left === 1 ? "1 try" : `${left} tries`;
  return awaits ? `${words} left` : `${words} left, this one included`;
}

/** Return the nodes of HTML that the server has made harmless; nothing in it runs. */
function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body.childNodes;
}
