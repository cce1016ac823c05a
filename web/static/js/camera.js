/* The camera: opening it, still pictures of it, and how light they are. */

import { DeviceError, explain } from "./recorder.js";

const LONG_SIDE = 640;
const QUALITY = 0.7;
const SMALL = [32, 24];
const CLOSE = [320, 240];

const REASONS = {
  NotAllowedError: [
    "denied",
    "The browser does not allow the camera. Allow it beside the address of this page, then try again.",
  ],
  NotFoundError: ["missing", "No camera was found. Connect one, then try again."],
  NotReadableError: ["busy", "Another program uses the camera. Close that program, then try again."],
};

/** Open the camera; `facing` is `user` or, for the back of a phone, `environment`. Raises DeviceError. */
export async function openCamera(facing = "user", width = 640, height = 480) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new DeviceError(
      "insecure",
      "Browsers give no camera to pages without a secure connection (https). Tell the people who run this site.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: width }, height: { ideal: height }, facingMode: facing },
    });
  } catch (error) {
    throw explain(error, REASONS, "The camera could not be opened. Try again.");
  }
}

function toGrey(data) {
  const grey = new Float32Array(data.length / 4);
  for (let n = 0; n < grey.length; n++) {
    grey[n] = 0.299 * data[4 * n] + 0.587 * data[4 * n + 1] + 0.114 * data[4 * n + 2];
  }
  return grey;
}

function describe(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
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
    return describe(toGrey(context.getImageData(0, 0, ...SMALL).data)).mean;
  }

  /**
   * Return figures about this moment in steps of brightness (0 to 255): `mean`, that of the
   * `middle` and of the `rim`, their `spread` (standard deviation), and `sharpness` (the variance
   * of the Laplacian, small for a blurred picture).
   */
  inspect() {
    const [width, height] = CLOSE;
    const canvas = this.#small;
    [canvas.width, canvas.height] = CLOSE;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(this.#video, 0, 0, width, height);
    const grey = toGrey(context.getImageData(0, 0, width, height).data);
    [canvas.width, canvas.height] = SMALL;
    const isMiddle = (n) => Math.abs((n % width) / width - 0.5) < 0.18 && Math.abs(n / width / height - 0.48) < 0.3;
    const inside = grey.filter((_, n) => isMiddle(n));
    const outside = grey.filter((_, n) => !isMiddle(n));
    const edges = grey.slice(width, -width).map((value, n) => {
      const at = n + width;
      return 4 * value - grey[at - 1] - grey[at + 1] - grey[at - width] - grey[at + width];
    });
    const { mean, variance } = describe(grey);
    return {
      mean,
      middle: describe(inside).mean,
      rim: describe(outside).mean,
      spread: Math.sqrt(variance),
      sharpness: describe(edges).variance,
    };
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
