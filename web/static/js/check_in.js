/* The check-in: one step after the other, then the start. */

import { call } from "./api.js";
import { Photographer, judgeLight, openCamera } from "./camera.js";
import { findLease } from "./lease.js";
import { follow } from "./live.js";
import { byId } from "./pages.js";
import { DeviceError } from "./recorder.js";

const LIGHT_EVERY = 1000;

const data = JSON.parse(byId("check-in-data").textContent);
const path = `/attempts/${data.attempt_id}`;
const steps = [...document.querySelectorAll("[data-step]")];
let current = 0;
let stream = null;
let lights = 0;
let isFollowing = false;

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
  if (steps[index].dataset.step !== "Camera") closeCamera();
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

function mark(id, tone, text) {
  const entry = byId(id);
  entry.firstElementChild.className = `dot ${tone}`;
  entry.lastElementChild.textContent = text;
}

async function testCamera() {
  closeCamera();
  byId("camera-done").disabled = true;
  try {
    stream = await openCamera();
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    mark("cam-state", "bad", error.message);
    return;
  }
  byId("preview").srcObject = stream;
  mark("cam-state", "ok", "The camera works.");
  byId("camera-done").disabled = false;
  const photographer = new Photographer(stream);
  lights = setInterval(() => {
    if (!photographer.isReady) return;
    const { tone, text } = judgeLight(photographer.measureLight());
    mark("cam-light", tone, text);
  }, LIGHT_EVERY);
}

function closeCamera() {
  clearInterval(lights);
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
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
byId("test-camera")?.addEventListener("click", (event) => attempt(event.currentTarget, testCamera));
byId("start").addEventListener("click", (event) => attempt(event.currentTarget, start));
initConsent();
if (["awaiting_authorization", "authorized"].includes(data.state)) {
  show(steps.length - 1, { focus: false });
  if (data.state === "awaiting_authorization") waitForProctor();
} else show(0, { focus: false });
document.body.dataset.ready = "";
