/* The steps of the check-in that take a photo: live picture, photo, another look, sent. */

import { call } from "./api.js";
import { openCamera } from "./camera.js";
import { mark, tryOpen } from "./check_in_devices.js";

const PATIENCE = 10_000;
const MOST_BYTES = 1_900_000;
const QUALITIES = [0.88, 0.7, 0.5];
const SIZES = {
  face: { facing: "user", width: 1280, height: 960, longSide: 960 },
  document: { facing: "environment", width: 1920, height: 1080, longSide: 1600 },
};
const UNREADABLE = "This browser cannot read that file as a picture. Choose a JPEG or PNG.";

/** One photo; `path` is the attempt's address in the API, `attempt` runs what a button began. */
export class PhotoStep {
  #media = null;

  constructor(section, path, attempt) {
    this.section = section;
    this.name = section.dataset.step;
    this.kind = section.dataset.photo;
    this.address = `${path}/check-in-photos/${this.kind}`;
    const press = (name, work) => {
      this.#part(name)?.addEventListener("click", (event) => attempt(event.currentTarget, work));
    };
    press("open-camera", () => this.#open());
    press("again", () => this.#open());
    press("take", () => this.#take());
    press("use", () => this.#send());
    this.#part("file")?.addEventListener("change", ({ currentTarget }) => {
      const [file] = currentTarget.files;
      if (file) attempt(currentTarget, () => this.#read(file));
      currentTarget.value = "";
    });
  }

  /** Note that an earlier page has sent this photo. */
  noteSent() {
    this.#say("ok", "There is a photo. You may take another.");
    this.#part("next").disabled = false;
  }

  leave() {
    this.#media?.getTracks().forEach((track) => track.stop());
    this.#media = null;
    this.#part("live").srcObject = null;
    this.#offer("open-camera");
  }

  #part(name) {
    return this.section.querySelector(`[data-${name}]`);
  }

  #say(tone, text) {
    mark(this.#part("state"), tone, text);
  }

  /** Show these buttons, and hide the others. */
  #offer(...names) {
    for (const name of ["open-camera", "take", "again", "use"]) this.#part(name).hidden = !names.includes(name);
  }

  async #open() {
    this.leave();
    const { facing, width, height } = SIZES[this.kind];
    const media = await tryOpen(() => openCamera(facing, width, height), this.#part("state"));
    if (!media) return;
    const live = this.#part("live");
    const isReady = new Promise((resolve) => {
      live.addEventListener("loadeddata", resolve, { once: true });
      setTimeout(resolve, PATIENCE);
    });
    this.#media = live.srcObject = media;
    this.#show({ isTaken: false });
    await isReady;
    if (this.#media !== media) return;
    if (!live.videoWidth) {
      this.leave();
      throw new Error("The camera gives no picture. Look for a switch on it, then try again.");
    }
    this.#offer("take");
    this.#say("", "Press the button when the picture is good.");
  }

  async #take() {
    const video = this.#part("live");
    this.#draw(video, video.videoWidth, video.videoHeight);
    this.leave();
    this.#offerPhoto();
    this.#part("use").focus();
  }

  async #read(file) {
    const picture = await createImageBitmap(file).catch(() => {
      throw new Error(UNREADABLE);
    });
    this.leave();
    this.#draw(picture, picture.width, picture.height);
    this.#offerPhoto();
  }

  #offerPhoto() {
    this.#show({ isTaken: true });
    this.#offer("again", "use");
    this.#say("", "Can everything be seen well? Then use this photo.");
  }

  #draw(source, width, height) {
    const canvas = this.#part("taken");
    const scale = Math.min(1, SIZES[this.kind].longSide / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  }

  #show({ isTaken }) {
    this.#part("taken").hidden = !isTaken;
    this.#part("live").hidden = isTaken;
    this.section.querySelector(".guide").classList.toggle("off", isTaken);
  }

  async #send() {
    const form = new FormData();
    form.append("photo", await this.#encode(), `${this.kind}.jpg`);
    await call("POST", this.address, form);
    this.#offer("again");
    this.#say("ok", "The photo has arrived.");
    this.#part("next").disabled = false;
    this.#part("next").focus();
  }

  async #encode() {
    for (const quality of QUALITIES) {
      const blob = await new Promise((resolve) => this.#part("taken").toBlob(resolve, "image/jpeg", quality));
      if (blob && blob.size <= MOST_BYTES) return blob;
    }
    throw new Error("The photo is too large. Take another.");
  }
}
