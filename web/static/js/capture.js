/* Recording for an exam: one sender, and a recorder for each stream that the exam asks for. */

import { BrowserRecorder } from "./browser_events.js";
import { openCamera } from "./camera.js";
import { Sender } from "./chunk_sender.js";
import { SoundRecorder } from "./microphone.js";
import { PictureRecorder } from "./picture_recorder.js";
import { openScreen } from "./screen.js";
import { Thrift } from "./thrift.js";

const DEVICES = ["camera", "microphone", "screen"];
const SCREEN_SIDE = 1280;
const SCREEN_QUALITY = 0.55;
// The words that browser events have for a device that does not record.
const REASONS = { insecure: "failed", ended: "off" };

const cameraOptions = ({ frame_seconds, chunk_seconds }) => ({
  title: "camera",
  permission: "camera",
  openMedia: () => openCamera(),
  frameMs: frame_seconds * 1000,
  chunkMs: chunk_seconds * 1000,
});

const screenOptions = ({ screen_seconds }) => ({
  title: "screen",
  openMedia: openScreen,
  frameMs: screen_seconds * 1000,
  // Each still is a chunk of its own.
  chunkMs: 0,
  longSide: SCREEN_SIDE,
  quality: SCREEN_QUALITY,
  needsPress: true,
});

/**
 * `settings` are what the exam asks for, as the page says. Event `change` after every change of a
 * recorder or of the sender. `recorders` has them by the stream's name; those that are not asked
 * for are missing.
 */
export class Capture extends EventTarget {
  /** Why a device does not record, by stream. */
  #lost = new Map();
  #wasOffline = false;
  #mark = "";

  recorders = {};

  constructor(store, settings) {
    super();
    const streams = [...DEVICES, "browser"].filter((stream) => settings.streams.includes(stream));
    this.sender = new Sender(store, settings.session_id, streams);
    // A page that was loaded anew without a network has to notice when it comes back.
    this.#mark = `examhall-offline:${settings.session_id}`;
    this.#wasOffline = this.sender.isOffline = sessionStorage.getItem(this.#mark) !== null;
    this.thrift = new Thrift(this.sender, settings.chunk_seconds);
    for (const stream of streams) this.recorders[stream] = this.#make(stream, settings);
    for (const stream of DEVICES) {
      this.recorders[stream]?.addEventListener("change", () => this.#noteDevice(stream));
    }
    this.sender.addEventListener("change", () => this.#noteNetwork());
    const changed = () => this.dispatchEvent(new Event("change"));
    for (const part of [this.sender, ...Object.values(this.recorders)]) part.addEventListener("change", changed);
  }

  async start() {
    await this.sender.open();
    const { browser, screen, ...others } = this.recorders;
    await browser?.start();
    screen?.lose("off", "Your screen is not shared yet.");
    await Promise.all(Object.values(others).map((recorder) => recorder.start()));
  }

  /** End the recording; what was recorded is still sent. */
  async stop() {
    await Promise.all(Object.values(this.recorders).map((recorder) => recorder.stop()));
  }

  /** Wait until all is stored, or for `limit` milliseconds. */
  async drain(limit) {
    await this.sender.drain(limit);
  }

  #make(stream, settings) {
    if (stream === "browser") return this.#makeBrowser(settings);
    if (stream === "microphone") return new SoundRecorder(this.sender, { chunkMs: settings.chunk_seconds * 1000 });
    const how = stream === "screen" ? screenOptions(settings) : cameraOptions(settings);
    return new PictureRecorder(this.sender, { stream, thrift: this.thrift, ...how });
  }

  #makeBrowser({ fullscreen }) {
    return new BrowserRecorder(this.sender, {
      wantsFullscreen: Boolean(fullscreen),
      devices: () => Object.fromEntries(DEVICES.map((stream) => [stream, this.#stateOf(stream)])),
    });
  }

  /** What events say of a device; one that the browser holds back gives nothing. */
  #stateOf(stream) {
    const recorder = this.recorders[stream];
    return recorder?.isHeldBack ? "muted" : (recorder?.state ?? null);
  }

  #noteDevice(stream) {
    const state = this.#stateOf(stream);
    if (state === "starting" || this.recorders[stream].isStopped) return;
    const before = this.#lost.get(stream) ?? null;
    const reason = state === "on" ? null : (REASONS[state] ?? state);
    if ((before === null) === (reason === null)) return;
    this.#lost.set(stream, reason);
    const type = `${stream}.${reason ? "lost" : "back"}`;
    this.recorders.browser?.note(type, { reason: reason ?? before });
  }

  #noteNetwork() {
    const { isOffline } = this.sender;
    if (isOffline === this.#wasOffline) return;
    this.#wasOffline = isOffline;
    if (isOffline) sessionStorage.setItem(this.#mark, "");
    else sessionStorage.removeItem(this.#mark);
    this.recorders.browser?.note(isOffline ? "network.lost" : "network.back");
  }
}
