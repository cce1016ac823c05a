/* The candidate's own view of the monitoring: what is recorded, what is on its way, what to do. */

import { byId } from "./pages.js";

const TONES = ["ok", "warn", "bad"];
const MANY = 5;
const BLAMELESS = "This is a technical matter and not held against you. You can go on answering.";
const NAMES = { camera: "Camera", microphone: "Microphone", screen: "Screen" };
const OFF = { camera: "The camera is off", microphone: "The microphone is off", screen: "The screen is not shared" };

/** Draw a recording and keep the drawing up to date. */
export function showCapture(capture) {
  let frame = 0;
  const draw = () => {
    frame = 0;
    drawSelf(capture.recorders.camera);
    drawHead(capture);
    drawSignals(capture);
    const { dataset } = byId("room");
    for (const name of Object.keys(NAMES)) dataset[name] = capture.recorders[name]?.state ?? "";
    dataset.chunks = capture.sender.waiting;
  };
  capture.addEventListener("change", () => {
    frame ||= document.hidden ? 0 : requestAnimationFrame(draw);
    if (!frame) draw();
  });
  const hide = byId("hide-self");
  hide?.addEventListener("click", () => {
    const isHidden = hide.closest("figure").classList.toggle("hidden");
    hide.setAttribute("aria-pressed", String(isHidden));
    hide.setAttribute("aria-label", isHidden ? "Show my picture" : "Hide my picture (recording goes on)");
  });
  draw();
}

function drawSelf(camera) {
  for (const video of document.querySelectorAll("[data-self]")) {
    const media = camera?.media ?? null;
    if (video.srcObject !== media) video.srcObject = media;
  }
  if (!byId("rec-text")) return;
  byId("rec-text").textContent = camera.isOn ? "Recording" : "Not recording";
  byId("rec-dot").classList.toggle("bad", camera.isOn);
}

function drawHead(capture) {
  const { title, line, tone } = describe(capture);
  for (const element of document.querySelectorAll("[data-watch-title]")) {
    setText(element, title);
    const owner = element.closest(".integ") ?? element;
    owner.classList.toggle("trouble", tone === "trouble");
    owner.classList.toggle("broken", tone === "broken");
  }
  for (const element of document.querySelectorAll("[data-watch-line]")) setText(element, line);
  if (byId("pip-dot")) byId("pip-dot").className = tone;
}

function describe({ recorders, sender, thrift }) {
  const devices = Object.keys(NAMES).filter((name) => recorders[name]);
  const states = devices.map((name) => recorders[name].state);
  if (states.includes("ended")) {
    return { title: "This window does not record", line: "The window that has the exam does.", tone: "trouble" };
  }
  if (states.includes("starting")) return { title: "Monitoring starts", line: "It takes a moment.", tone: "" };
  const lost = devices.find((name) => !recorders[name].isOn);
  if (lost) return { title: OFF[lost], line: describeLoss(lost, recorders[lost]), tone: "broken" };
  if (recorders.microphone?.isHeldBack) {
    return { title: "The microphone waits", line: "Click anywhere on this page and it goes on.", tone: "trouble" };
  }
  return describeWay(sender) ?? { title: "Monitoring is working", line: describeWork(recorders, thrift), tone: "" };
}

/** Say why a device does not record, and never more than is known. */
function describeLoss(name, { state, problem }) {
  if (name === "screen") return `${problem} The button is above the question. You can go on answering.`;
  return `${problem} ${state === "denied" ? "You can go on answering." : BLAMELESS}`;
}

/** Say what is wrong on the way to the server, null for nothing. */
function describeWay(sender) {
  if (sender.problem) return { title: "Monitoring has a problem", line: sender.problem, tone: "trouble" };
  const isLate = sender.waiting > MANY * sender.streams.length;
  if (!sender.isOffline && !isLate) return null;
  const why = sender.isOffline ? "There is no connection." : "The connection is slow.";
  const line = `${why} Recordings are kept on this device and sent later. Nothing is lost, and it is not held against you.`;
  return { title: "Monitoring goes on", line, tone: "trouble" };
}

function describeWork({ camera }, thrift) {
  if (thrift.nth > 1) return "The connection is slow, so fewer and smaller pictures are taken. That is all right.";
  if (thrift.level) return "The connection is slow, so pictures are smaller. That is all right.";
  return camera?.light?.text ?? "Nothing to do for you.";
}

function drawSignals({ recorders, sender }) {
  const { camera, microphone, screen } = recorders;
  for (const [name, recorder] of Object.entries({ camera, microphone, screen })) {
    if (recorder) signal(name, ...spellDevice(recorder));
  }
  if (microphone) byId("level").style.inlineSize = `${Math.round(microphone.level * 100)}%`;
  const light = camera?.light;
  if (camera) signal("light", light?.tone ?? "", light ? (light.tone === "ok" ? "Good" : "Poor") : "–");
  const { waiting, storedAt, isOffline } = sender;
  const isLate = isOffline || waiting > MANY * sender.streams.length;
  if (isLate) signal("sent", "warn", waiting ? `${waiting} waiting` : "No connection");
  else signal("sent", storedAt ? "ok" : "", storedAt ? "Stored" : "–");
}

function spellDevice({ state, isOn, isHeldBack }) {
  if (isHeldBack) return ["warn", "Waits"];
  if (isOn) return ["ok", "On"];
  if (state === "starting") return ["", "Starting"];
  return ["bad", state === "muted" ? "Muted" : "Off"];
}

function signal(name, tone, text) {
  setText(byId(`sig-${name}`), text);
  const dot = byId(`sig-${name}-dot`);
  for (const one of TONES) dot.classList.toggle(one, one === tone);
}

/** Write only what is new: the page reads some of it out. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
