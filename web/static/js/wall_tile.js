/* One candidate on the wall. */

import { serverNow } from "./api.js";
import { byId } from "./pages.js";

const SILENT = 10000;
const WEIGHTS = { high: 40, medium: 18, low: 6, technical: 2 };
const RANKS = ["technical", "low", "medium", "high"];
const WORDS = {
  created: "Checking in",
  checking_in: "Checking in",
  awaiting_authorization: "Waits to be let in",
  authorized: "About to start",
  in_progress: "Working",
  paused: "Paused",
  reopened: "Reopened",
};

export const stateWords = (state) => WORDS[state] ?? state.replaceAll("_", " ");

/** Return a copy of an incident kind's icon; kinds are dotted. */
export function iconOf(kind) {
  const names = { face: "face", person: "persons", phone: "phone", speech: "microphone", audio: "microphone",
    browser: "window", gaze: "eye", identity: "person", camera: "camera" };
  const name = names[kind.split(".")[0]] ?? "alert";
  return byId("icons").content.querySelector(`[data-name="${name}"]`).firstElementChild.cloneNode(true);
}

// Only tiles that can be seen load pictures.
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) entry.target.toggleAttribute("data-seen", entry.isIntersecting);
}, { rootMargin: "200px" });

export class Tile {
  #shown = "";
  #loading = false;
  tone = "";
  attention = 0;

  constructor(session) {
    this.element = byId("tile").content.firstElementChild.cloneNode(true);
    this.id = session.id;
    this.element.dataset.session = session.id;
    watcher.observe(this.element);
    this.update(session);
  }

  get name() {
    return this.session.candidate_name;
  }

  /** Whether pictures should come and none do. */
  get isOffline() {
    const last = this.session.last_frame_at ?? (this.session.attempt_state === "in_progress" ? this.session.started_at : null);
    return last !== null && this.silence > SILENT;
  }

  get silence() {
    return serverNow() - Date.parse(this.session.last_frame_at ?? this.session.started_at);
  }

  update(session) {
    const known = this.session;
    this.session = session;
    // A message may have overtaken this answer.
    if (known?.last_frame_at > session.last_frame_at) this.noteFrame(known.last_frame_at, known.last_frame_sha256);
  }

  noteFrame(at, sha256) {
    Object.assign(this.session, { last_frame_at: at, last_frame_sha256: sha256 });
  }

  matches(words) {
    return !words || `${this.name} ${this.session.candidate_number}`.toLowerCase().includes(words);
  }

  /** Draw with the open incidents of this session, the newest first. */
  draw(incidents) {
    const { element, session } = this;
    const worst = [...incidents].sort((a, b) => RANKS.indexOf(b.severity) - RANKS.indexOf(a.severity))[0];
    const weight = incidents.reduce((sum, { severity }) => sum + (WEIGHTS[severity] ?? 0), 0);
    this.attention = Math.min(99, weight + (this.isOffline ? 3 : 0));
    this.tone = worst ? (worst.severity === "high" ? "bad" : worst.severity === "technical" ? "" : "warn") : "";
    element.classList.toggle("bad", this.tone === "bad");
    element.classList.toggle("warn", this.tone === "warn");
    element.classList.toggle("quiet", !this.tone);
    this.#drawTag(worst);
    this.#drawGone();
    element.querySelector("[data-name]").textContent = this.name;
    const parts = [session.candidate_number, stateWords(session.attempt_state)];
    element.querySelector("[data-line]").textContent = parts.filter(Boolean).join(" · ");
    element.querySelector("[data-person]").setAttribute("aria-label", `Look at ${this.name}`);
    const attention = element.querySelector(".att");
    attention.textContent = this.attention || "";
    attention.setAttribute("aria-label", `Attention ${this.attention}`);
    attention.className = `att ${this.tone}`;
  }

  #drawTag(worst) {
    const tag = this.element.querySelector(".tag");
    tag.hidden = !worst;
    if (!worst || tag.dataset.of === `${worst.id}${worst.title}`) return;
    tag.dataset.of = `${worst.id}${worst.title}`;
    tag.className = `chip tag ${this.tone ? `solid-${this.tone}` : "shade"}`;
    tag.querySelector("[data-icon]").replaceChildren(iconOf(worst.kind));
    tag.querySelector("[data-text]").textContent = worst.title;
  }

  #drawGone() {
    const gone = this.element.querySelector(".gone");
    const isPaused = this.session.attempt_state === "paused";
    gone.hidden = !this.isOffline && !isPaused;
    gone.querySelector(".icon").toggleAttribute("hidden", !this.isOffline);
    gone.querySelector("b").textContent = isPaused ? "Paused" : "Reconnecting";
    gone.querySelector(".num").textContent = this.isOffline
      ? `no picture for ${spell(this.silence)}`
      : "";
  }

  /** Load the newest picture, if there is a newer one and it can be seen. */
  load() {
    const { last_frame_sha256: sha256 } = this.session;
    if (!sha256 || sha256 === this.#shown || this.#loading || document.hidden) return;
    if (!this.element.hasAttribute("data-seen")) return;
    const image = this.element.querySelector(".pic > img");
    const next = new Image();
    this.#loading = true;
    next.onload = () => {
      this.#loading = false;
      this.#shown = sha256;
      image.src = next.src;
      image.alt = `Camera of ${this.name}`;
      image.hidden = false;
    };
    next.onerror = () => {
      this.#loading = false;
    };
    next.src = frameAddress(this.session);
  }

  end() {
    watcher.unobserve(this.element);
    this.element.remove();
  }
}

export const frameAddress = ({ id, last_frame_sha256 }) =>
  `/api/v1/proctoring/sessions/${id}/frame?v=${last_frame_sha256.slice(0, 16)}`;

function spell(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}
