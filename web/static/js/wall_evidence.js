/* Evidence of incidents: links are made one by one, for a short time, when they can be seen. */

import { call } from "./api.js";

const SVG = "http://www.w3.org/2000/svg";
const SOUND = /^(audio|speech)\b/;

/** Whether an incident's evidence is something to hear. */
export const isSound = ({ kind, evidence }) => SOUND.test(kind) && evidence?.length > 0;

// Links are audited: they are made for what somebody really looks at.
const waiting = new WeakMap();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    watcher.unobserve(target);
    waiting.get(target)?.();
  }
}, { rootMargin: "100px" });

const isPicture = ({ content_type: type = "image/jpeg" }) => type.startsWith("image/");

/** Show an incident's latest frame, with its boxes, in its entry as soon as that can be seen. */
export function showFrame(incident, element) {
  const frame = incident.evidence?.findLast(isPicture);
  if (!frame || element.dataset.frame === frame.id) return;
  element.dataset.frame = frame.id;
  waiting.set(element, () => loadFrame(incident, frame, element));
  watcher.observe(element);
}

async function loadFrame(incident, frame, element) {
  try {
    const { url } = await call("POST", `/evidence/${frame.id}/link`);
    const image = element.querySelector(".th img");
    image.src = url;
    image.alt = `Evidence frame: ${incident.title}`;
    await image.decode();
    image.hidden = false;
    element.querySelector(".th svg").replaceChildren(...(frame.boxes ?? []).map(drawBox));
  } catch {
    if (element.dataset.frame === frame.id) element.dataset.frame = "";
  }
}

/** Play an incident's sound in `place`. Raises ApiError. */
export async function playSound(incident, place) {
  const player = document.createElement("audio");
  player.controls = true;
  player.setAttribute("aria-label", `Sound: ${incident.title}`);
  const { url } = await call("POST", `/evidence/${incident.evidence.at(-1).id}/link`);
  player.src = url;
  place.replaceChildren(player);
  player.addEventListener("error", () => {
    place.textContent = "The sound cannot be played.";
  }, { once: true });
  await player.play().catch(() => {});
}

function drawBox({ left, top, width, height }) {
  const box = document.createElementNS(SVG, "rect");
  const values = { x: left, y: top, width, height };
  for (const [name, value] of Object.entries(values)) box.setAttribute(name, value * 100);
  box.setAttribute("class", "box");
  return box;
}
