/* Runs beside the sound: brings it to 16 kHz mono, 16 bits little-endian, in pieces of 100 ms. */

const RATE = 16000;
const PIECE = 1600;
const LOBES = 8;
const PHASES = 256;
// Of the lower rate: the rest is the slope of the low-pass.
const CUTOFF = 0.45;

/** Return a windowed-sinc low-pass, `PHASES` steps from one input sample to the next. */
function makeKernel(half, cutoff) {
  const kernel = new Float32Array(2 * half * PHASES + 1);
  for (let n = 0; n < kernel.length; n++) {
    const x = n / PHASES - half;
    const angle = 2 * Math.PI * cutoff * x;
    const window = 0.5 + 0.5 * Math.cos((Math.PI * x) / half);
    kernel[n] = (x === 0 ? 2 * cutoff : Math.sin(angle) / (Math.PI * x)) * window;
  }
  return kernel;
}

class Resampler extends AudioWorkletProcessor {
  #step = sampleRate / RATE;
  #half = Math.ceil(LOBES * Math.max(1, sampleRate / RATE));
  #kernel = makeKernel(this.#half, (CUTOFF * Math.min(sampleRate, RATE)) / sampleRate);
  #input = new Float32Array(2 * this.#half + 4096);
  #filled = 2 * this.#half;
  #at = this.#half;
  #view = new DataView(new ArrayBuffer(2 * PIECE));
  #count = 0;
  #power = 0;

  process([channels]) {
    const length = channels[0]?.length ?? 128;
    for (let n = 0; n < length; n++) {
      let sum = 0;
      for (const channel of channels) sum += channel[n];
      this.#input[this.#filled++] = channels.length ? sum / channels.length : 0;
    }
    while (this.#at + this.#half < this.#filled) {
      this.#put(this.#filter(this.#at));
      this.#at += this.#step;
    }
    this.#forget();
    return true;
  }

  #filter(at) {
    const first = Math.ceil(at - this.#half);
    const last = Math.floor(at + this.#half);
    let sum = 0;
    for (let n = first; n <= last; n++) {
      sum += this.#input[n] * this.#kernel[Math.round((n - at + this.#half) * PHASES)];
    }
    return sum;
  }

  /** Drop the input that no later output needs. */
  #forget() {
    const old = Math.floor(this.#at - this.#half);
    if (old < 2048) return;
    this.#input.copyWithin(0, old, this.#filled);
    this.#filled -= old;
    this.#at -= old;
  }

  #put(value) {
    this.#power += value * value;
    this.#view.setInt16(2 * this.#count++, Math.round(Math.max(-1, Math.min(1, value)) * 32767), true);
    if (this.#count < PIECE) return;
    const { buffer } = this.#view;
    this.port.postMessage({ buffer, level: Math.sqrt(this.#power / PIECE) }, [buffer]);
    this.#view = new DataView(new ArrayBuffer(2 * PIECE));
    this.#count = this.#power = 0;
  }
}

registerProcessor("examhall-pcm", Resampler);
