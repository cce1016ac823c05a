/* A position that moves through the recording; all else follows it. */

export class Player {
  isPlaying = false;
  speed = 1;
  #last = 0;

  /** `onChange` is called after each change of the position, the speed or the state. */
  constructor(start, end) {
    Object.assign(this, { start, end, position: start, onChange: () => {} });
  }

  tell() {
    this.onChange();
  }

  seek(position) {
    this.position = Math.min(this.end, Math.max(this.start, position));
    this.#last = performance.now();
    this.tell();
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play() {
    if (this.position >= this.end) this.position = this.start;
    this.isPlaying = true;
    this.#last = performance.now();
    requestAnimationFrame(this.#tick);
    this.tell();
  }

  pause() {
    if (!this.isPlaying) return;
    this.isPlaying = false;
    this.tell();
  }

  setSpeed(speed) {
    this.speed = speed;
    this.tell();
  }

  #tick = (now) => {
    if (!this.isPlaying) return;
    const passed = now - this.#last;
    // Ten times a second is enough for pictures, and leaves the page's thread alone.
    if (passed >= 100) {
      this.#last = now;
      // A tab in the background stands still; what it missed is not made up for.
      this.position = Math.min(this.end, this.position + Math.min(passed, 1000) * this.speed);
      if (this.position >= this.end) this.isPlaying = false;
      this.tell();
    }
    requestAnimationFrame(this.#tick);
  };
}
