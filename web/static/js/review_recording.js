/* Which samples there are, loaded in windows as the position comes near. */

import { call } from "./api.js";

const WINDOW = 600000;
const AHEAD = 60000;
const TRY_AGAIN = 5000;
/* Streams start one after another: no review begins in the dark because its camera was not first. */
const LEAD = 2000;

export class Recording {
  #windows = new Map();

  /** `onWindow(window)` is called for each one that came in, `onState(text)` with what to say. */
  constructor(sessionId, start, end) {
    Object.assign(this, { sessionId, start, end, onWindow: () => {}, onState: () => {} });
  }

  /** Load the window of a position, and its neighbour when it is near. */
  need(position) {
    this.#load(this.#index(position));
    this.#load(this.#index(Math.min(this.end, position + AHEAD)));
    this.#load(this.#index(Math.max(this.start, position - AHEAD)));
  }

  /** Return the newest sample of a stream at a position, as {at, id, index, of}, null without. */
  latest(stream, position) {
    for (const number of [this.#index(position), this.#index(position) - 1]) {
      const of = this.#samples(number, stream);
      const index = upperBound(of, position) - 1;
      if (index >= 0) return { ...of[index], index, of };
    }
    return null;
  }

  /** Return a stream's first sample shortly before it comes, null at any other position. */
  first(stream, position) {
    const of = this.#samples(0, stream);
    const wait = of.length ? of[0].at - position : -1;
    return wait >= 0 && wait < LEAD ? { ...of[0], index: 0, of } : null;
  }

  /** Return up to `most` samples from a position on, at least `apart` milliseconds apart. */
  following(stream, position, most, apart = 0) {
    const found = [];
    for (const number of [this.#index(position), this.#index(position) + 1]) {
      const of = this.#samples(number, stream);
      for (let index = upperBound(of, position - 1); index < of.length && found.length < most; index += 1) {
        if (!found.length || of[index].at - found.at(-1).at >= apart) found.push(of[index]);
      }
    }
    return found;
  }

  /** Return when the next sample (or the one before) of a stream was captured, null at the end. */
  async step(stream, position, direction) {
    const here = this.#index(position);
    for (const number of [here, here + direction]) {
      await this.#load(number);
      const of = this.#samples(number, stream);
      const index = direction > 0 ? upperBound(of, position) : upperBound(of, position - 1) - 1;
      if (of[index]) return of[index].at;
    }
    return null;
  }

  #index(position) {
    return Math.floor((position - this.start) / WINDOW);
  }

  #samples(number, stream) {
    return this.#windows.get(number)?.samples?.[stream] ?? [];
  }

  #load(number) {
    const from = this.start + number * WINDOW;
    if (number < 0 || from > this.end) return Promise.resolve();
    const known = this.#windows.get(number);
    if (known && !(known.failedAt < Date.now() - TRY_AGAIN)) return known.loading;
    const window = { samples: null };
    this.#windows.set(number, window);
    window.loading = this.#fetch(window, from);
    return window.loading;
  }

  async #fetch(window, from) {
    const query = new URLSearchParams({
      start: new Date(from).toISOString(),
      end: new Date(from + WINDOW).toISOString(),
    });
    this.onState("Loading");
    try {
      const found = await call("GET", `/proctoring/sessions/${this.sessionId}/timeline?${query}`);
      for (const list of Object.values(found.samples)) {
        for (const sample of list) sample.at = Date.parse(sample.at);
      }
      window.samples = found.samples;
      this.onState("");
      this.onWindow(found);
    } catch (error) {
      window.failedAt = Date.now();
      this.onState(error.message);
    }
  }
}

/** Return how many samples, in order of time, were captured at a position or before it. */
function upperBound(samples, position) {
  let low = 0;
  let high = samples.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (samples[middle].at <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
