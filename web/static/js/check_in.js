/* The check-in: one step after the other, then the start. */

import { call } from "./api.js";
import { CameraStep, MicrophoneStep, ScreenStep } from "./check_in_devices.js";
import { PhotoStep } from "./check_in_photos.js";
import { findLease } from "./lease.js";
import { follow } from "./live.js";
import { byId } from "./pages.js";
import { openRoomStep } from "./room_phone.js";

const DEVICE_STEPS = { Camera: CameraStep, Microphone: MicrophoneStep, Screen: ScreenStep };
const PHOTO_STEPS = { face: "Your photo", document: "Identity document" };

const data = JSON.parse(byId("check-in-data").textContent);
const path = `/attempts/${data.attempt_id}`;
const steps = [...document.querySelectorAll("[data-step]")];
let current = 0;
let isFollowing = false;
const showRoomStep = openRoomStep(data.attempt_id, follow);
const parts = steps.map(makePart).filter(Boolean);

function show(index, { focus = true } = {}) {
  current = index;
  steps.forEach((step, n) => {
    step.hidden = n !== index;
    const mark = document.querySelector(`[data-step-mark="${step.dataset.step}"]`);
    mark.classList.toggle("done", n < index);
    mark.removeAttribute("aria-current");
    if (n === index) mark.setAttribute("aria-current", "step");
  });
  say("");
  for (const part of parts) if (part.name !== steps[index].dataset.step) part.leave();
  if (steps[index].dataset.step === "Room camera") showRoomStep();
  if (focus) steps[index].querySelector("h2").focus();
}

function say(text) {
  byId("problem").textContent = text;
  byId("problem").hidden = !text;
  if (text) byId("problem").focus();
}

/** Run something that a button began; what goes wrong is said, and the button works again. */
async function attempt(button, work) {
  button.disabled = true;
  say("");
  try {
    await work();
  } catch (error) {
    say(error.message);
  } finally {
    button.disabled = false;
  }
}

function initConsent() {
  const form = byId("consent");
  if (!form) return;
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const send = (given) =>
    call("POST", `${path}/consent`, { classes: given, text_digest: form.dataset.digest });
  const refuse = async () => {
    byId("refused").hidden = false;
    byId("refused").focus();
    await send(Object.fromEntries(boxes.map((box) => [box.name, box.checked])));
  };
  byId("refuse").addEventListener("click", (event) => {
    for (const box of boxes) box.checked = false;
    attempt(event.currentTarget, refuse);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(event.submitter, async () => {
      if (!boxes.every((box) => box.checked)) return refuse();
      byId("refused").hidden = true;
      await send(Object.fromEntries(boxes.map((box) => [box.name, true])));
      return show(current + 1);
    });
  });
}

/** Go to a step by its name. */
function goTo(name) {
  const index = steps.findIndex((step) => step.dataset.step === name);
  if (index >= 0) show(index);
}

function makePart(step) {
  if (step.dataset.photo) return new PhotoStep(step, path, attempt);
  const Step = DEVICE_STEPS[step.dataset.step];
  return Step ? new Step(attempt) : null;
}

/** Photos that an earlier page has sent need not be taken again. */
async function notePhotos() {
  const photos = parts.filter((part) => part.kind);
  if (!photos.length) return;
  const sent = await call("GET", `${path}/check-in-photos`).catch(() => []);
  for (const part of photos) if (sent.some(({ kind }) => kind === part.kind)) part.noteSent();
}

/** Start; where the room camera or a photo is missing, its step is shown once more. */
async function startOrGoBack() {
  try {
    await start();
  } catch (error) {
    if (error.details?.room_camera) goTo("Room camera");
    if (error.details?.kinds) goTo(PHOTO_STEPS[error.details.kinds[0]]);
    throw error;
  }
}

async function start() {
  let { state } = data;
  if (["created", "checking_in"].includes(state)) ({ state } = await call("POST", `${path}/check-in`));
  data.state = state;
  if (state === "awaiting_authorization") {
    waitForProctor();
    return;
  }
  await call("POST", `${path}/start`, { lease_id: await findLease(data.attempt_id) });
  location.replace(`${path}/room`);
}

function waitForProctor() {
  byId("waiting").hidden = false;
  byId("start").hidden = true;
  if (isFollowing) return;
  isFollowing = true;
  const look = async () => changed(await call("GET", path).catch(() => ({})));
  follow(`/api/v1${path}/stream`, { clock: changed, resync: look });
  setInterval(look, 5000);
}

function changed({ state }) {
  if (!state || state === data.state) return;
  data.state = state;
  if (state !== "authorized") {
    location.reload();
    return;
  }
  byId("waiting").hidden = true;
  byId("start").hidden = false;
  byId("start-text").textContent = "You may begin. The clock starts when you press the button.";
  byId("start").focus();
}

for (const button of document.querySelectorAll("[data-next]")) {
  button.addEventListener("click", () => show(current + 1));
}
byId("start").addEventListener("click", (event) => attempt(event.currentTarget, startOrGoBack));
initConsent();
notePhotos();
if (["awaiting_authorization", "authorized"].includes(data.state)) {
  show(steps.length - 1, { focus: false });
  if (data.state === "awaiting_authorization") waitForProctor();
} else show(0, { focus: false });
document.body.dataset.ready = "";
