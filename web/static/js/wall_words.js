/* Words, icons and small writes that the parts of the wall share. */

import { byId } from "./pages.js";

const STATES = {
  created: "Checking in",
  checking_in: "Checking in",
  awaiting_authorization: "Waits to be let in",
  authorized: "About to start",
  in_progress: "Working",
  paused: "Paused",
  reopened: "Reopened",
};
const ICONS = {
  face: "face",
  person: "persons",
  phone: "phone",
  object: "phone",
  speech: "microphone",
  audio: "microphone",
  browser: "window",
  gaze: "eye",
  identity: "person",
  camera: "camera",
  room: "camera",
};

const stateWords = (state) => STATES[state] ?? state.replaceAll("_", " ");

/** Say what a candidate does, and what they do not consent to. */
export function describeState({ attempt_state: state, refused }) {
  return refused.length ? `${stateWords(state)} · no consent: ${refused.join(", ")}` : stateWords(state);
}

/** Return a copy of an incident kind's icon; kinds are dotted. */
export function iconOf(kind) {
  const [head, tail] = kind.split(".");
  const name = (head === "room" && ICONS[tail]) || ICONS[head] || "alert";
  return byId("icons").content.querySelector(`[data-name="${name}"]`).firstElementChild.cloneNode(true);
}

/** How an incident's severity is coloured: bad, warn or nothing. */
export const toneOf = ({ severity }) => (severity === "high" ? "bad" : severity === "technical" ? "" : "warn");

/** Return a length of time shortly. */
export function spellLength(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}

// A write that changes nothing still makes the browser lay out anew.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element, isHidden) {
  if (element.hidden !== isHidden) element.hidden = isHidden;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
