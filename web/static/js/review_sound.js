/* The sound at a position: pieces of some seconds, laid one behind the other. */

const AHEAD = 12000;
const FASTEST = 2;
const DRIFT = 400;

export class Sound {
  isOn = true;
  #context = null;
  #playing = new Map();
  #base = null;

  constructor(recording, pieces, isThere) {
    Object.assign(this, { recording, pieces, isThere });
  }

  /** Switch the sound on or off; returns whether it is on. */
  toggle() {
    this.isOn = !this.isOn;
    return this.isOn;
  }

  /** Keep step with the player; above double speed there is no sound. */
  follow(position, isPlaying, speed) {
    if (!this.isThere) return;
    if (!isPlaying || !this.isOn || speed > FASTEST) {
      this.#stop();
      return;
    }
    this.#context ??= new AudioContext();
    const now = this.#context.currentTime;
    const expected = this.#base && this.#base.position + (now - this.#base.time) * 1000 * this.#base.speed;
    if (!this.#base || this.#base.speed !== speed || Math.abs(expected - position) > DRIFT) {
      this.#stop();
      this.#base = { position, time: now, speed };
    }
    this.#schedule(position);
  }

  #schedule(position) {
    const latest = this.recording.latest("microphone", position);
    const coming = this.recording.following("microphone", position, 12).filter(({ at }) => at < position + AHEAD);
    const wanted = [...(latest ? [latest] : []), ...coming].filter(({ id }) => id);
    this.pieces.want(wanted.map(({ id }) => id));
    for (const sample of wanted) {
      const blob = this.pieces.blob(sample.id);
      if (blob && !this.#playing.has(sample.id)) this.#start(sample, blob);
    }
  }

  async #start(sample, blob) {
    const base = this.#base;
    this.#playing.set(sample.id, null);
    let buffer;
    try {
      buffer = await this.#context.decodeAudioData(await blob.arrayBuffer());
    } catch {
      return;
    }
    if (this.#base !== base) return;
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.playbackRate.value = base.speed;
    source.connect(this.#context.destination);
    const when = base.time + (sample.at - base.position) / 1000 / base.speed;
    const late = Math.max(0, this.#context.currentTime - when) * base.speed;
    if (late >= buffer.duration) return;
    source.start(Math.max(when, this.#context.currentTime), late);
    this.#playing.set(sample.id, source);
  }

  #stop() {
    for (const source of this.#playing.values()) source?.stop();
    this.#playing.clear();
    this.#base = null;
  }
}
