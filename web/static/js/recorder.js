/* What all recorders of a device have in common: opening it, losing it, coming back by itself. */

const REOPEN = 3000;

/** Why a device cannot be used: `kind` is denied, missing, busy, off, failed or insecure. */
export class DeviceError extends Error {
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/** Return the DeviceError for what getUserMedia raised; `reasons` are [kind, words] by its name. */
export function explain(error, reasons, otherwise) {
  return new DeviceError(...(reasons[error.name] ?? ["failed", otherwise]));
}

/**
 * Records one stream into a sender. `state` is starting, on, muted, ended or a DeviceError's kind;
 * `problem` says in words what the candidate can do. Event `change` after every change of them.
 *
 * A recorder says how by `open()` (a MediaStream, or a DeviceError raised), `begin(media)` and
 * `end()`, which puts what was recorded since the last chunk into the sender.
 */
export class Recorder extends EventTarget {
  #isStopped = false;

  media = null;
  /** Whether it may only be opened right after the candidate pressed something. */
  needsPress = false;
  state = "starting";
  problem = "";

  /** `permission` is the browser's name for the permission, by which a refusal is seen to end. */
  constructor(sender, stream, permission = "") {
    super();
    Object.assign(this, { sender, stream, permission });
  }

  get isOn() {
    return this.state === "on";
  }

  get isStopped() {
    return this.#isStopped;
  }

  async start() {
    let media;
    try {
      media = await this.open();
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      this.lose(error.kind, error.message);
      return;
    }
    if (this.#isStopped) {
      media.getTracks().forEach((track) => track.stop());
      return;
    }
    this.media = media;
    this.#watch(media.getTracks()[0]);
    try {
      await this.begin(media);
    } catch {
      // Without a network a part of the recorder may not have been loaded yet: it is tried again.
      this.lose("failed", `The ${this.title} could not be started.`);
      return;
    }
    this.#judge();
  }

  /** End the recording; what was recorded is still sent. */
  async stop() {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.#release();
    this.changed({ state: "ended", problem: "" });
  }

  lose(kind, message) {
    const lost = this.#release();
    this.changed({ state: kind, problem: message });
    if (!this.#isStopped && !this.needsPress && kind !== "insecure") setTimeout(() => this.#reopen(), REOPEN);
    return lost;
  }

  changed(values = {}) {
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }

  #watch(track) {
    track.onended = () => this.lose("off", `The ${this.title} was turned off.`);
    track.onmute = track.onunmute = () => this.#judge();
  }

  #judge() {
    const track = this.media?.getTracks()[0];
    if (!track) return;
    if (track.muted) this.changed({ state: "muted", problem: `The ${this.title} gives nothing. Look for a switch on it.` });
    else this.changed({ state: "on", problem: "" });
  }

  async #release() {
    const { media } = this;
    this.media = null;
    media?.getTracks().forEach((track) => {
      track.onended = track.onmute = track.onunmute = null;
      track.stop();
    });
    await this.end();
  }

  /** Come back by itself, unless the candidate would be asked again and again. */
  async #reopen() {
    if (this.#isStopped || this.media) return;
    if (this.state === "denied" && this.permission) {
      const permission = await navigator.permissions?.query({ name: this.permission }).catch(() => null);
      if (permission?.state !== "granted") {
        setTimeout(() => this.#reopen(), REOPEN);
        return;
      }
    }
    await this.start();
  }
}
