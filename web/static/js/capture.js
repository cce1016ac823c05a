/* Recording for an exam: one sender, and a recorder for each stream that the exam asks for. */

import { openCamera } from "./camera.js";
import { Sender } from "./chunk_sender.js";
import { PictureRecorder } from "./picture_recorder.js";

const MAKERS = {
  camera: (sender, settings) =>
    new PictureRecorder(sender, {
      stream: "camera",
      title: "camera",
      permission: "camera",
      openMedia: () => openCamera(),
      frameMs: settings.frame_seconds * 1000,
      chunkMs: settings.chunk_seconds * 1000,
    }),
};

/** Event `change` after every change of a recorder or of the sender. */
export class Capture extends EventTarget {
  recorders = {};

  constructor(store, settings) {
    super();
    const streams = Object.keys(MAKERS).filter((stream) => settings.streams.includes(stream));
    this.sender = new Sender(store, settings.session_id, streams);
    for (const stream of streams) this.recorders[stream] = MAKERS[stream](this.sender, settings);
    const changed = () => this.dispatchEvent(new Event("change"));
    for (const part of [this.sender, ...Object.values(this.recorders)]) part.addEventListener("change", changed);
  }

  async start() {
    await this.sender.open();
    await Promise.all(Object.values(this.recorders).map((recorder) => recorder.start()));
  }

  /** End the recording; what was recorded is still sent. */
  async stop() {
    await Promise.all(Object.values(this.recorders).map((recorder) => recorder.stop()));
  }

  /** Wait until all is stored, or for `limit` milliseconds. */
  async drain(limit) {
    await this.sender.drain(limit);
  }
}
