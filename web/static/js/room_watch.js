/* The candidate's own view of the monitoring: picture, state, what is on its way. */

import { byId } from "./pages.js";

const TONES = ["ok", "warn", "bad"];

/** Draw a recording and keep the drawing up to date. */
export function showCapture(capture) {
  const { camera } = capture.recorders;
  const draw = () => {
    for (const video of document.querySelectorAll("[data-self]")) {
      if (video.srcObject !== camera.media) video.srcObject = camera.media;
    }
    const { waiting, storedAt } = capture.sender;
    const seen = {
      camera: camera.state,
      problem: camera.problem || capture.sender.problem,
      light: camera.light,
      waiting,
      storedAt,
    };
    drawHead(seen);
    drawSignals(seen);
    byId("room").dataset.camera = camera.state;
    byId("room").dataset.chunks = waiting;
  };
  capture.addEventListener("change", draw);
  const hide = byId("hide-self");
  hide.addEventListener("click", () => {
    const isHidden = hide.closest("figure").classList.toggle("hidden");
    hide.setAttribute("aria-pressed", String(isHidden));
    hide.setAttribute("aria-label", isHidden ? "Show my picture" : "Hide my picture (recording goes on)");
  });
  draw();
}

function drawHead(capture) {
  const { title, line, tone } = describe(capture);
  for (const element of document.querySelectorAll("[data-watch-title]")) {
    element.textContent = title;
    const owner = element.closest(".integ") ?? element;
    owner.classList.toggle("trouble", tone === "trouble");
    owner.classList.toggle("broken", tone === "broken");
  }
  for (const element of document.querySelectorAll("[data-watch-line]")) element.textContent = line;
  byId("pip-dot").className = tone;
  byId("rec-text").textContent = capture.camera === "on" ? "Recording" : "Not recording";
  byId("rec-dot").classList.toggle("bad", capture.camera === "on");
}

function describe(capture) {
  if (capture.camera === "starting") {
    return { title: "Monitoring starts", line: "The camera is being opened.", tone: "" };
  }
  if (capture.camera === "ended") {
    return { title: "This window does not record", line: "The window that has the exam does.", tone: "trouble" };
  }
  if (capture.camera !== "on") {
    return { title: "The camera is off", line: `${capture.problem} You can go on answering.`, tone: "broken" };
  }
  if (capture.problem) return { title: "Monitoring has a problem", line: capture.problem, tone: "trouble" };
  if (capture.waiting > 5) {
    const line = `${capture.waiting} pictures wait for the connection. They are kept on this device.`;
    return { title: "Monitoring goes on", line, tone: "trouble" };
  }
  return { title: "Monitoring is working", line: capture.light?.text ?? "Your camera is on.", tone: "" };
}

function drawSignals({ camera, light, waiting, storedAt }) {
  signal("camera", camera === "on" ? "ok" : camera === "starting" ? "" : "bad", { on: "On", starting: "Starting" }[camera] ?? "Off");
  signal("light", light?.tone ?? "", light ? (light.tone === "ok" ? "Good" : "Poor") : "–");
  const sent = storedAt ? "Stored" : "–";
  signal("sent", waiting > 5 ? "warn" : storedAt ? "ok" : "", waiting > 5 ? `${waiting} waiting` : sent);
}

function signal(name, tone, text) {
  byId(`sig-${name}`).textContent = text;
  const dot = byId(`sig-${name}-dot`);
  for (const one of TONES) dot.classList.toggle(one, one === tone);
}
