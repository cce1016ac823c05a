/* How much the connection carries: pictures get smaller first, then rarer, and better again. */

const LEVELS = [
  { quality: 1, scale: 1, nth: 1 },
  { quality: 0.75, scale: 1, nth: 1 },
  { quality: 0.7, scale: 0.75, nth: 1 },
  { quality: 0.65, scale: 0.5, nth: 1 },
  { quality: 0.65, scale: 0.5, nth: 2 },
  { quality: 0.65, scale: 0.5, nth: 4 },
];
// So many waiting chunks of a stream call for at least this level.
const PILES = [0, 6, 15, 30, 60, 120];
const WORSE = 3000;
const BETTER = 15000;

/**
 * Follows a sender. `chunkSeconds` is how long a chunk lasts: uploads must not take longer; `clock`
 * gives milliseconds.
 */
export class Thrift {
  #since;

  level = 0;

  constructor(sender, chunkSeconds, clock = () => performance.now()) {
    Object.assign(this, { sender, chunkSeconds, clock });
    this.#since = clock();
    sender.addEventListener("change", () => this.#judge());
  }

  get quality() {
    return LEVELS[this.level].quality;
  }

  get scale() {
    return LEVELS[this.level].scale;
  }

  /** One picture in so many is taken. */
  get nth() {
    return LEVELS[this.level].nth;
  }

  /** One step at a time: down soon, up only after a good while. */
  #judge() {
    const waiting = Math.max(0, ...this.sender.streams.map((stream) => this.sender.waitingOf(stream)));
    const piled = PILES.findLastIndex((least) => waiting >= least);
    // Several streams share the connection, so half of a chunk's time is much already.
    const isSlow = !this.sender.isOffline && this.sender.seconds > this.chunkSeconds / 2;
    const wanted = Math.min(LEVELS.length - 1, Math.max(piled, isSlow ? this.level + 1 : 0));
    const age = this.clock() - this.#since;
    if (wanted > this.level && age > WORSE) this.#step(1);
    else if (wanted < this.level && age > BETTER) this.#step(-1);
  }

  #step(by) {
    this.level += by;
    this.#since = this.clock();
  }
}
