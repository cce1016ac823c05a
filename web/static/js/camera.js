/* The camera: opening it, still pictures of it, and how light they are. */

import { DeviceError, explain } from "./recorder.js";

const LONG_SIDE = 640;
const QUALITY = 0.7;
const SMALL = [32, 24];

const REASONS = {
  NotAllowedError: [
    "denied",
    "The browser does not allow the camera. Allow it beside the address of this page, then try again.",
  ],
  NotFoundError: ["missing", "No camera was found. Connect one, then try again."],
  NotReadableError: ["busy", "Another program uses the camera. Close that program, then try again."],
};

/** Open the camera; `facing` is `user` or, for the back of a phone, `environment`. Raises DeviceError. */
export async function openCamera(facing = "user") {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DeviceError(
      "insecure",
      "Browsers give no camera to pages without a secure connection (https). Tell the people who run this site.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: facing },
    });
  } catch (error) {
    throw explain(error, REASONS, "The camera could not be opened. Try again.");
  }
}

/** Takes still pictures of a camera's stream. */
export class Photographer {
  #video = document.createElement("video");
  #canvas = document.createElement("canvas");
  #small = document.createElement("canvas");

  constructor(stream) {
    Object.assign(this.#video, { srcObject: stream, muted: true, playsInline: true });
    [this.#small.width, this.#small.height] = SMALL;
    this.#video.play().catch(() => {});
  }

  /** Call back once, as soon as there is a picture. */
  whenReady(then) {
    this.#video.addEventListener("loadeddata", then, { once: true });
  }

  get isReady() {
    return this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.#video.videoWidth > 0;
  }

  /** Return a JPEG of this moment with a long side of so many pixels, or null. */
  shoot(longSide = LONG_SIDE, quality = QUALITY) {
    const { videoWidth: width, videoHeight: height } = this.#video;
    const scale = longSide / Math.max(width, height);
    const canvas = this.#canvas;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(this.#video, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
  }

  /** Return the mean brightness of this moment, 0 to 255. */
  measureLight() {
    const context = this.#small.getContext("2d", { willReadFrequently: true });
    context.drawImage(this.#video, 0, 0, ...SMALL);
    const { data } = context.getImageData(0, 0, ...SMALL);
    let sum = 0;
    for (let n = 0; n < data.length; n += 4) sum += 0.299 * data[n] + 0.587 * data[n + 1] + 0.114 * data[n + 2];
    return sum / (data.length / 4);
  }

  close() {
    this.#video.srcObject = null;
  }
}

/** Judge a brightness: tone and words. */
export function judgeLight(mean) {
  if (mean < 45) return { tone: "warn", text: "It is dark. Turn on a light in front of you." };
  if (mean > 215) return { tone: "warn", text: "It is very bright. Turn away from the window." };
  return { tone: "ok", text: "The light is good." };
}
