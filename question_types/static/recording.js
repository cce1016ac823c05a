/* A recording as an answer: made here, heard or seen, made again, sent at once. */

import { define, FileControl, player, send, writeLine } from "./handed_in.js";

const FORMATS = {
  audio: ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"],
  video: ["video/webm;codecs=vp8,opus", "video/mp4", "video/webm"],
};
const RATES = { audioBitsPerSecond: 48_000, videoBitsPerSecond: 650_000 };
const PICTURE = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { max: 24 }, facingMode: "user" };

class Recording extends FileControl {
  #recorder = null;
  #local = "";
  #upload = null;

  start() {
    this.piece = (name) => this.querySelector(`[data-${name}]`);
    this.piece("start").addEventListener("click", () => this.#record());
    this.piece("stop").addEventListener("click", () => this.#recorder?.stop());
  }

  disconnectedCallback() {
    if (this.#recorder?.state === "recording") this.#recorder.stop();
  }

  get medium() {
    return this.dataset.medium;
  }

  async #record() {
    this.piece("start").disabled = true;
    this.say(`Allow the ${this.medium === "audio" ? "microphone" : "camera and microphone"} when the browser asks.`);
    try {
      const video = this.medium === "video" && PICTURE;
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
      this.#listen(stream);
    } catch (error) {
      this.say(problem(error));
    } finally {
      this.piece("start").disabled = false;
    }
  }

  #listen(stream) {
    const mimeType = FORMATS[this.medium].find((type) => MediaRecorder.isTypeSupported(type));
    const recorder = new MediaRecorder(stream, { mimeType, ...RATES });
    const parts = [];
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.addEventListener("stop", () => this.#end(stream, new Blob(parts, { type: recorder.mimeType })));
    this.#recorder = recorder;
    recorder.start(1000);
    this.#showLive(stream);
    this.#setRecording(true);
    this.#count(Date.now());
  }

  #count(begin) {
    const most = Number(this.dataset.seconds);
    const show = () => {
      const seconds = Math.floor((Date.now() - begin) / 1000);
      this.piece("time").textContent = `${spell(Math.min(seconds, most))} of ${spell(most)}`;
      if (seconds >= most) this.#recorder.stop();
    };
    clearInterval(this.timer);
    this.timer = setInterval(show, 250);
    show();
  }

  #showLive(stream) {
    const live = this.piece("live");
    live.hidden = this.medium !== "video";
    live.srcObject = live.hidden ? null : stream;
    if (!live.hidden) live.play().catch(() => {});
  }

  #setRecording(isOn) {
    const hadFocus = this.contains(document.activeElement);
    this.piece("stop").hidden = !isOn;
    this.piece("start").hidden = isOn;
    this.piece("player").hidden = isOn;
    this.classList.toggle("recording", isOn);
    if (hadFocus) this.piece(isOn ? "stop" : "start").focus();
    if (isOn) this.say("Recording.");
  }

  #end(stream, blob) {
    clearInterval(this.timer);
    for (const track of stream.getTracks()) track.stop();
    this.#recorder = null;
    this.piece("live").srcObject = null;
    this.piece("live").hidden = true;
    URL.revokeObjectURL(this.#local);
    this.#local = "";
    if (blob.size === 0) this.say("Nothing was recorded. Try again.");
    else {
      this.#local = URL.createObjectURL(blob);
      const ending = blob.type.includes("mp4") ? "mp4" : blob.type.includes("ogg") ? "ogg" : "webm";
      this.follow(send(this, blob, `recording.${ending}`));
    }
    this.#setRecording(false);
    this.draw();
  }

  /** Take a recording into the answer once it is stored; the former one counts until then. */
  follow(upload) {
    this.#upload = upload;
    const look = () => {
      if (upload !== this.#upload) return;
      if (upload.state === "stored") this.change([writeLine(upload.result)]);
      this.say(
        {
          sending: "The recording is being sent.",
          waiting: "The recording waits for the connection. It is kept on this device.",
          stored: "The recording was sent. You can play it or record again.",
          refused: `The recording was not taken. ${upload.message}`,
        }[upload.state],
      );
    };
    upload.addEventListener("change", look);
    look();
  }

  draw() {
    const [file] = this.files;
    const type = file?.type ?? `${this.medium}/webm`;
    const address = this.#local || file?.address;
    if (this.shown === address) return;
    this.shown = address;
    this.piece("player").replaceChildren(...(address ? [player(type, address, "Your recording")] : []));
    this.piece("start").textContent = address ? "Record again" : "Record";
  }
}

const spell = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

function problem(error) {
  if (!navigator.mediaDevices) return "This browser can record over a secure connection (https) only.";
  if (error.name === "NotAllowedError") return "The microphone or camera is not allowed. Allow it beside the page's address, then try again.";
  if (error.name === "NotFoundError") return "No microphone or camera was found. Connect one, then try again.";
  return `Recording does not work now: ${error.message}`;
}

define("eh-recording", Recording);
