/* The steps of the check-in that look at devices. Each gives the name of its step and `leave()`. */

import { Photographer, judgeLight, openCamera } from "./camera.js";
import { Listener, meter, openMicrophone } from "./microphone.js";
import { byId } from "./pages.js";
import { DeviceError } from "./recorder.js";
import { canShare, countDisplays, openScreen } from "./screen.js";

const LOOK_EVERY = 1000;
const HEARD = 0.012;
const HEARD_PIECES = 3;
const PATIENCE = 8000;

/** Write a line of a list of checks: tone and words. */
export function mark(entry, tone, text) {
  entry.firstElementChild.className = `dot ${tone}`;
  if (entry.lastElementChild.textContent !== text) entry.lastElementChild.textContent = text;
}

const end = (media) => media?.getTracks().forEach((track) => track.stop());

/** Open a device; null where it cannot be, which is said in `entry`. */
export async function tryOpen(open, entry) {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    mark(entry, "bad", error.message);
    return null;
  }
}

export class CameraStep {
  name = "Camera";
  #media = null;
  #timer = 0;

  constructor(attempt) {
    byId("test-camera").addEventListener("click", (event) => attempt(event.currentTarget, () => this.#test()));
  }

  leave() {
    clearInterval(this.#timer);
    end(this.#media);
    this.#media = null;
  }

  async #test() {
    this.leave();
    byId("camera-done").disabled = true;
    const media = await tryOpen(openCamera, byId("cam-state"));
    if (!media) return;
    this.#media = byId("preview").srcObject = media;
    mark(byId("cam-state"), "ok", "The camera works.");
    byId("camera-done").disabled = false;
    const photographer = new Photographer(media);
    this.#timer = setInterval(() => this.#look(photographer), LOOK_EVERY);
  }

  #look(photographer) {
    if (!photographer.isReady) return;
    const { mean, middle, rim, spread, sharpness } = photographer.inspect();
    const light = judgeLight(mean);
    mark(byId("cam-light"), light.tone, light.text);
    mark(byId("cam-frame"), ...judgeFrame({ middle, rim, spread, sharpness }));
  }
}

/** Judge a picture by what can be told without knowing faces: tone and words. */
function judgeFrame({ middle, rim, spread, sharpness }) {
  if (spread < 6) return ["warn", "The picture shows nothing. Is there a cover on the camera?"];
  if (rim - middle > 60) return ["warn", "It is brighter behind you than before you. Turn so that the light is in front."];
  if (sharpness < 12) return ["warn", "The picture is blurred. Wipe the lens and hold the camera still."];
  return ["ok", "Sit alone, with your whole face in the oval."];
}

export class MicrophoneStep {
  name = "Microphone";
  #media = null;
  #listener = null;
  #heard = 0;
  #since = 0;

  constructor(attempt) {
    byId("test-microphone").addEventListener("click", (event) => attempt(event.currentTarget, () => this.#test()));
  }

  leave() {
    this.#listener?.close();
    end(this.#media);
    this.#media = this.#listener = null;
    byId("mic-level").style.inlineSize = "0";
  }

  async #test() {
    this.leave();
    const media = await tryOpen(openMicrophone, byId("mic-state"));
    if (!media) return;
    this.#media = media;
    this.#heard = 0;
    this.#since = performance.now();
    this.#listener = new Listener();
    this.#listener.addEventListener("piece", ({ detail }) => this.#hear(detail.level));
    await this.#listener.open(media);
    mark(byId("mic-state"), "ok", `The microphone works: ${media.getAudioTracks()[0].label || "no name"}.`);
    mark(byId("mic-voice"), "", "Say something.");
    byId("microphone-done").disabled = false;
  }

  #hear(level) {
    byId("mic-level").style.inlineSize = `${Math.round(meter(level) * 100)}%`;
    if (level > HEARD) this.#heard += 1;
    if (this.#heard >= HEARD_PIECES) mark(byId("mic-voice"), "ok", "You are heard.");
    else if (performance.now() - this.#since > PATIENCE) {
      mark(byId("mic-voice"), "warn", "Nothing is heard. Is the microphone muted, or is it another one? You can go on all the same.");
    }
  }
}

export class ScreenStep {
  name = "Screen";
  #media = null;

  constructor(attempt) {
    byId("test-screen").addEventListener("click", (event) => attempt(event.currentTarget, () => this.#test()));
    if (!canShare()) {
      byId("test-screen").disabled = true;
      mark(byId("screen-state"), "bad", "This browser cannot share a screen. Take the exam on a computer, or ask the people who run it.");
    }
    this.#lookAtDisplays();
    screen.addEventListener?.("change", () => this.#lookAtDisplays());
  }

  leave() {
    end(this.#media);
    this.#media = null;
  }

  async #test() {
    this.leave();
    const media = await tryOpen(openScreen, byId("screen-state"));
    if (!media) return;
    this.#media = byId("screen-preview").srcObject = media;
    media.getVideoTracks()[0].onended = () => mark(byId("screen-state"), "", "Sharing has ended. That is all right here.");
    mark(byId("screen-state"), "ok", "Your whole screen can be shared.");
  }

  async #lookAtDisplays() {
    const count = await countDisplays();
    if (count === 1) mark(byId("screen-displays"), "ok", "There is one display.");
    if (count > 1) mark(byId("screen-displays"), "warn", "More than one display is connected. Unplug or switch off the others.");
  }
}
