/* The time left. The server's word is the truth; in between only differences are counted. */

import { call } from "./api.js";

const RESYNC = 15000;
const TICK = 250;
const POLL_WHEN_OVER = 1500;
const MARKS = [600, 60];
const SLEPT = 2000;

/**
 * Events: `tick`, `state` when the attempt's state or deadline changed or the time is not over after
 * all, `mark` {seconds} at ten minutes and one minute before the end, `over` once it is up here. The
 * clock never acts on that: what becomes of the attempt is the server's word, which comes as `state`.
 */
export class Clock extends EventTarget {
  #at = 0;
  #left = null;
  #now = "";
  #passed = new Set();
  #isOver = false;
  #ahead = deviceAhead();

  state = "";
  version = -1;

  constructor(attemptId) {
    super();
    this.attemptId = attemptId;
  }

  /** Take a clock of the server, wherever it came from; an older one than is known is left alone. */
  sync(clock) {
    if (clock.now < this.#now) return;
    const isFirst = this.#now === "";
    const changed = clock.state !== this.state || clock.deadline_version !== this.version;
    const from = { state: this.state, version: this.version };
    this.#now = clock.now;
    this.#at = performance.now();
    this.#left = clock.remaining_seconds;
    this.state = clock.state;
    this.version = clock.deadline_version;
    if (isFirst) this.#passed = new Set(MARKS.filter((mark) => this.#left !== null && this.#left <= mark));
    const goesOn = this.#isOver && this.remaining > 0;
    if (goesOn) this.#isOver = false;
    if ((changed && !isFirst) || goesOn) this.#tell("state", { from });
    this.#tick();
  }

  /** Seconds that are left, null without an end. */
  get remaining() {
    if (this.#left === null) return null;
    const passed = this.state === "paused" ? 0 : (performance.now() - this.#at) / 1000;
    return Math.max(0, this.#left - passed);
  }

  get isOver() {
    return this.#isOver;
  }

  start() {
    setInterval(() => this.#tick(), TICK);
    setInterval(() => this.ask(), RESYNC);
    addEventListener("online", () => this.ask());
    addEventListener("pageshow", () => this.ask());
    document.addEventListener("visibilitychange", () => document.hidden || this.ask());
  }

  /** Ask the server for its clock; without an answer the old one goes on. */
  async ask() {
    try {
      this.sync(await call("GET", `/attempts/${this.attemptId}/clock`));
    } catch {
      // The next answer of any request brings the clock again.
    }
  }

  /** The counted time may stand still while the device sleeps, its clock does not: ask at once. */
  #noticeSleep() {
    const ahead = deviceAhead();
    if (Math.abs(ahead - this.#ahead) > SLEPT) this.ask();
    this.#ahead = ahead;
  }

  #tick() {
    this.#noticeSleep();
    const left = this.remaining;
    this.#tell("tick", { left });
    if (left === null || this.state === "paused") return;
    for (const seconds of MARKS) {
      if (left <= seconds && left > 0 && !this.#passed.has(seconds)) {
        this.#passed.add(seconds);
        this.#tell("mark", { seconds });
      }
    }
    if (left === 0 && !this.#isOver) {
      this.#isOver = true;
      this.#tell("over", {});
      this.#poll();
    }
  }

  async #poll() {
    while (this.#isOver && ["in_progress", "draining"].includes(this.state)) {
      await this.ask();
      await new Promise((resolve) => setTimeout(resolve, POLL_WHEN_OVER));
    }
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Return how far the device's clock, which may be set, is ahead of the time that is counted. */
function deviceAhead() {
  return Date.now() - performance.now();
}

/** Return seconds as 1:12:36 or 4:05; a started second still counts. */
export function spellTime(seconds) {
  const whole = Math.ceil(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Return seconds in words, for people who listen. */
export function sayTime(seconds) {
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return `${Math.ceil(seconds)} seconds`;
  const hours = Math.floor(minutes / 60);
  const words = [];
  if (hours) words.push(hours === 1 ? "1 hour" : `${hours} hours`);
  if (minutes % 60 || !hours) words.push(minutes % 60 === 1 ? "1 minute" : `${minutes % 60} minutes`);
  return words.join(" ");
}
