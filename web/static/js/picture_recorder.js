/* Still pictures of a camera or a screen, in chunks. */

import { Photographer, judgeLight } from "./camera.js";
import { now } from "./chunk_sender.js";
import { Recorder } from "./recorder.js";

const FULL = 600;
// The server takes no more in one chunk.
const MOST = 40;

/**
 * Records JPEG pictures as `stream`. `openMedia()` gives the MediaStream or raises DeviceError;
 * `title` is what the candidate calls the device ("camera"). `thrift`, where given, says with
 * `longSide`, `quality` and `nth` how much the connection carries.
 */
export class PictureRecorder extends Recorder {
  #ticker = new Worker(new URL("ticker.js", import.meta.url));
  #photographer = null;
  #frames = [];
  #begun = 0;
  #isShooting = false;
  #ticks = 0;

  light = null;

  constructor(sender, { stream, title, permission, openMedia, frameMs, chunkMs, longSide = 640, quality = 0.7, needsPress = false, thrift = null }) {
    super(sender, stream, permission);
    Object.assign(this, { title, open: openMedia, frameMs, chunkMs, longSide, quality, needsPress, thrift });
    this.#ticker.onmessage = () => this.#tick();
  }

  begin(media) {
    const photographer = new Photographer(media);
    this.#photographer = photographer;
    // The first picture at once: the next may be a minute away.
    photographer.whenReady(() => this.#photographer === photographer && this.#tick());
    this.#ticker.postMessage(this.frameMs);
  }

  async end() {
    this.#ticker.postMessage(0);
    const photographer = this.#photographer;
    this.#photographer = null;
    this.light = null;
    await this.#close();
    photographer?.close();
  }

  async #tick() {
    const nth = this.thrift?.nth ?? 1;
    if (this.#ticks++ % nth === 0) await this.#shoot();
    const isFull = now() - this.#begun >= this.chunkMs - this.frameMs / 2;
    if (this.#frames.length >= MOST || (this.#frames.length && isFull)) await this.#close();
  }

  async #shoot() {
    if (this.#isShooting || !this.#photographer?.isReady) return;
    this.#isShooting = true;
    try {
      const at = now();
      const longSide = Math.round(this.longSide * (this.thrift?.scale ?? 1));
      const blob = await this.#photographer.shoot(longSide, this.quality * (this.thrift?.quality ?? 1));
      if (blob && this.media) {
        if (!this.#frames.length) this.#begun = at;
        this.#frames.push({ at: new Date(at).toISOString(), blob });
      }
    } finally {
      this.#isShooting = false;
    }
  }

  /** Put the pictures since the last chunk into the next one. */
  async #close() {
    const frames = this.#frames;
    this.#frames = [];
    if (!frames.length) return;
    if (this.#photographer) this.light = judgeLight(this.#photographer.measureLight());
    await this.sender.add({
      stream: this.stream,
      started_at: frames[0].at,
      ended_at: new Date(now()).toISOString(),
      // When very much waits, one picture a chunk has to do.
      samples: this.sender.waitingOf(this.stream) >= FULL ? frames.slice(0, 1) : frames,
    });
    this.changed();
  }
}
