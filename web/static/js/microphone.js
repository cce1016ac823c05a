/* The microphone: opening it, listening to it, recording it as 16 kHz PCM. */

import { now } from "./chunk_sender.js";
import { DeviceError, Recorder, explain } from "./recorder.js";

const RATE = 16000;
const PIECE_MS = 100;
const SHORTEST = 1000;
const LONGEST = 5000;
const BEHIND = 20;
const DRIFT = 2000;
const QUIETEST = -60;

const REASONS = {
  NotAllowedError: [
    "denied",
    "The browser does not allow the microphone. Allow it beside the address of this page, then try again.",
  ],
  NotFoundError: ["missing", "No microphone was found. Connect one, then try again."],
  NotReadableError: ["busy", "Another program uses the microphone. Close that program, then try again."],
};

/** Open the microphone, as it hears: nothing filtered away. Raises DeviceError. */
export async function openMicrophone() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DeviceError(
      "insecure",
      "Browsers give no microphone to pages without a secure connection (https). Tell the people who run this site.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: true },
    });
  } catch (error) {
    throw explain(error, REASONS, "The microphone could not be opened. Try again.");
  }
}

/** Return a level between 0 and 1 for a root mean square: silence to as loud as it gets, by decibels. */
export function meter(rms) {
  const decibels = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.max(0, Math.min(1, 1 - decibels / QUIETEST));
}

/** Turns a MediaStream into pieces of PCM: event `piece` with `buffer` (100 ms) and `level` (RMS). */
export class Listener extends EventTarget {
  #context = new AudioContext();
  #wake = () => this.#context.resume().catch(() => {});

  async open(media) {
    await this.#context.audioWorklet.addModule(new URL("pcm_worklet.js", import.meta.url));
    const node = new AudioWorkletNode(this.#context, "examhall-pcm", { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => this.dispatchEvent(new CustomEvent("piece", { detail: data }));
    this.#context.createMediaStreamSource(media).connect(node);
    this.#context.onstatechange = () => this.dispatchEvent(new Event("state"));
    // A browser may want to see the candidate do something before it lets sound through.
    for (const name of ["pointerdown", "keydown"]) addEventListener(name, this.#wake);
    this.#wake();
  }

  get isRunning() {
    return this.#context.state === "running";
  }

  close() {
    for (const name of ["pointerdown", "keydown"]) removeEventListener(name, this.#wake);
    this.#context.onstatechange = null;
    this.#context.close().catch(() => {});
  }
}

/** Records the microphone; `level` is its last 100 ms between 0 and 1. */
export class SoundRecorder extends Recorder {
  #listener = null;
  #pieces = [];
  #startsAt = 0;
  #pieceAt = 0;

  title = "microphone";
  level = 0;

  constructor(sender, { chunkMs }) {
    super(sender, "microphone", "microphone");
    this.chunkMs = Math.max(SHORTEST, Math.min(LONGEST, chunkMs));
  }

  open() {
    return openMicrophone();
  }

  async begin(media) {
    const listener = new Listener();
    this.#listener = listener;
    listener.addEventListener("piece", ({ detail }) => this.#take(detail));
    listener.addEventListener("state", () => this.changed());
    await listener.open(media);
  }

  async end() {
    this.#listener?.close();
    this.#listener = null;
    this.level = 0;
    await this.#close();
  }

  /** Whether the browser holds the sound back until the candidate does something. */
  get isHeldBack() {
    return this.isOn && this.#listener !== null && !this.#listener.isRunning;
  }

  #take({ buffer, level }) {
    const at = now() - PIECE_MS;
    // Pieces come late and in bursts when the page is busy, but none is missing between them.
    const expected = this.#pieceAt + PIECE_MS;
    const isNext = at < expected + DRIFT && at > expected - DRIFT;
    if (!isNext) this.#close();
    this.#pieceAt = isNext ? Math.min(at, expected) : at;
    if (!this.#pieces.length) this.#startsAt = this.#pieceAt;
    this.#pieces.push(buffer);
    this.level = meter(level);
    if (this.#pieces.length * PIECE_MS >= this.#wanted) this.#close();
    this.changed();
  }

  /** When chunks pile up, fewer and longer ones. */
  get #wanted() {
    return this.sender.waitingOf(this.stream) > BEHIND ? LONGEST : this.chunkMs;
  }

  async #close() {
    const pieces = this.#pieces;
    this.#pieces = [];
    if (!pieces.length) return;
    const seconds = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0) / 2 / RATE;
    const at = new Date(this.#startsAt).toISOString();
    await this.sender.add({
      stream: this.stream,
      started_at: at,
      ended_at: new Date(this.#startsAt + seconds * 1000).toISOString(),
      samples: [{ at, blob: new Blob(pieces, { type: "audio/l16" }) }],
    });
  }
}
