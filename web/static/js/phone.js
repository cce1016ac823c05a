/* A phone as room camera: asks, joins with a code, sends pictures of the room until the exam ends. */

import { ApiError, call } from "./api.js";
import { openCamera } from "./camera.js";
import { Sender } from "./chunk_sender.js";
import { byId } from "./pages.js";
import { PictureRecorder } from "./picture_recorder.js";
import { DeviceError } from "./recorder.js";
import { openStore } from "./store.js";

const KEPT = "examhall-room-camera";
const LAST = 5000;
const OTHER = { environment: "user", user: "environment" };

const page = byId("phone");
const parts = [...document.querySelectorAll("[data-part]")];
let media = null;
let facing = "environment";
let recording = null;

function show(name) {
  for (const part of parts) part.hidden = part.dataset.part !== name;
  page.dataset.shown = name;
  parts.find((part) => part.dataset.part === name).querySelector("h1").focus();
}

function say(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
  if (text) byId("problem").focus();
}

function mark(id, tone, text) {
  const [dot, words] = byId(id).children;
  dot.className = `dot ${tone}`;
  if (words.textContent !== text) words.textContent = text;
}

function view(stream) {
  for (const video of document.querySelectorAll("[data-view]")) {
    if (video.srcObject !== stream) video.srcObject = stream;
  }
}

function closeMedia() {
  media?.getTracks().forEach((track) => track.stop());
  media = null;
  view(null);
}

/** Run what a button began; what goes wrong is said, and the button works again. */
async function attempt(button, work) {
  button.disabled = true;
  say("");
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof DeviceError)) throw error;
    say(error.message);
  } finally {
    button.disabled = false;
  }
}

async function showPicture() {
  closeMedia();
  byId("join").disabled = true;
  media = await openCamera(facing);
  view(media);
  byId("join").disabled = false;
  byId("show").hidden = true;
  page.querySelector(".preview").hidden = false;
  const cameras = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "videoinput");
  for (const button of document.querySelectorAll("[data-turn]")) button.hidden = cameras.length < 2;
}

/** Take the picture of the other side; a phone that has one camera alone keeps that. */
async function turn() {
  facing = OTHER[facing];
  if (recording) await recording.turn();
  else await showPicture();
}

async function join() {
  const joined = await call("POST", "/room-camera/join", { code: page.dataset.code });
  keep(joined);
  // A reload goes on with the token; the code in the address is worthless now.
  history.replaceState(null, "", "/room-camera");
  await record(joined);
}

function keep(joined) {
  try {
    if (joined) sessionStorage.setItem(KEPT, JSON.stringify(joined));
    else sessionStorage.removeItem(KEPT);
  } catch {
    // Without storage a reload needs a new code.
  }
}

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    return null;
  }
}

class Recording {
  #recorder = null;
  #lock = null;
  #isOver = false;

  constructor(store, { device_token, session_id, frame_seconds }) {
    this.headers = { "X-Device-Token": device_token };
    this.frameMs = frame_seconds * 1000;
    this.sender = new Sender(store, session_id, ["room"], (form) => this.#post(form));
    this.sender.addEventListener("change", () => this.#draw());
    document.addEventListener("visibilitychange", () => this.#stayAwake());
  }

  async start() {
    await this.sender.open();
    await this.#record();
    await this.#stayAwake();
  }

  async turn() {
    await this.#recorder?.stop();
    if (!this.#isOver) await this.#record();
  }

  /** Disconnect by the person's own will. */
  async leave() {
    await this.end("You have disconnected this phone.");
    // Where this fails, the server sees by the silence that the phone is gone.
    await call("POST", "/room-camera/leave", undefined, { headers: this.headers }).catch(() => {});
  }

  /** Stop recording; what was recorded is still sent, for a moment. */
  async end(reason) {
    if (this.#isOver) return;
    this.#isOver = true;
    recording = null;
    keep(null);
    byId("over-text").textContent = reason;
    byId("sure").close();
    show("over");
    await this.#recorder?.stop();
    view(null);
    await this.#lock?.release().catch(() => {});
    await this.sender.drain(LAST);
  }

  async #record() {
    const ready = media;
    media = null;
    const recorder = new PictureRecorder(this.sender, {
      stream: "room",
      title: "camera",
      permission: "camera",
      openMedia: () => (ready?.active ? ready : openCamera(facing)),
      frameMs: this.frameMs,
      chunkMs: this.frameMs,
    });
    recorder.addEventListener("change", () => this.#draw());
    this.#recorder = recorder;
    await recorder.start();
  }

  async #post(form) {
    try {
      const { session_open } = await call("POST", "/room-camera/chunks", form, { headers: this.headers });
      if (!session_open) this.end("The exam is over.");
    } catch (error) {
      if (error.status === 401) {
        this.end(error.message);
        throw new ApiError(409, "closed", error.message);
      }
      if (error.code === "closed") this.end("The exam is over.");
      throw error;
    }
  }

  #draw() {
    const { sender } = this;
    const { media: stream, state, problem } = this.#recorder ?? {};
    if (this.#isOver) return;
    view(stream);
    page.dataset.camera = state;
    page.dataset.stored = sender.storedAt ? "yes" : "";
    if (state === "on") mark("camera-state", "ok", "The camera works.");
    else mark("camera-state", state === "starting" ? "" : "bad", problem || "The camera is being opened.");
    if (sender.problem) mark("sent-state", "bad", sender.problem);
    else if (sender.waiting > 3) mark("sent-state", "warn", "No connection. Pictures wait on this phone.");
    else if (sender.storedAt) mark("sent-state", "ok", "Pictures are being sent.");
  }

  /** Phones dim and sleep: then the camera stops too. */
  async #stayAwake() {
    if (this.#isOver || document.visibilityState !== "visible") return;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
      mark("awake-state", "ok", "The screen stays on. Keep this page open.");
    } catch {
      mark("awake-state", "warn", "This browser cannot keep the screen on. Switch off the automatic lock of the phone.");
    }
  }
}

async function record(joined) {
  document.querySelector("[data-exam-title]").textContent = joined.exam_title;
  say("");
  show("recording");
  recording = new Recording(await openStore(), joined);
  await recording.start();
}

byId("show").addEventListener("click", (event) => attempt(event.currentTarget, showPicture));
byId("join").addEventListener("click", (event) => attempt(event.currentTarget, join));
byId("leave").addEventListener("click", (event) => attempt(event.currentTarget, () => recording?.leave()));
for (const button of document.querySelectorAll("[data-turn]")) {
  button.addEventListener("click", (event) => attempt(event.currentTarget, turn));
}
if (!page.dataset.code && kept()) record(kept());
// Before now a press would have done nothing.
byId("show").disabled = false;
page.dataset.ready = "";
