/* One candidate on the wall. */

import { serverNow } from "./api.js";
import { byId } from "./pages.js";
import { describeState, iconOf, setAttribute, setHidden, setText, spellLength, toneOf } from "./wall_words.js";

const SILENT = 10000;
const OLD = 5000;
const LAGGING = 15000;
const WEIGHTS = { high: 40, medium: 18, low: 6, technical: 2 };
const RANKS = ["technical", "low", "medium", "high"];
const WAITS = 12;
const ASKS = 10;
const OFFLINE = 3;

export class Tile {
  tone = "";
  attention = 0;
  /** What the picture shows: the frame's sha256 and its moment in milliseconds. */
  shown = { sha256: "", at: 0 };
  isSeen = false;

  constructor(session) {
    this.id = session.id;
    this.element = byId("tile").content.firstElementChild.cloneNode(true);
    this.element.dataset.session = session.id;
    const part = (selector) => this.element.querySelector(selector);
    this.parts = {
      name: part("[data-name]"),
      line: part("[data-line]"),
      person: part("[data-person]"),
      attention: part(".att"),
      tag: part(".tag"),
      gone: part(".gone"),
      age: part(".age"),
      asks: part(".asks"),
      canvas: part("canvas"),
    };
    this.session = session;
  }

  get name() {
    return this.session.candidate_name;
  }

  /** Whether pictures should come and none do. */
  get isOffline() {
    const { last_frame_at: last, attempt_state: state } = this.session;
    return (last !== null || state === "in_progress") && this.silence > SILENT;
  }

  get silence() {
    return serverNow() - Date.parse(this.session.last_frame_at ?? this.session.started_at);
  }

  get isWaiting() {
    return this.session.attempt_state === "awaiting_authorization";
  }

  /** How old the picture is that can be seen, in milliseconds; null without one. */
  get age() {
    return this.shown.at ? Math.max(0, serverNow() - this.shown.at) : null;
  }

  /** How far the detectors are behind, in milliseconds; 0 where that is no trouble. */
  get lag() {
    const since = this.session.waiting_since;
    const lag = since ? serverNow() - Date.parse(since) : 0;
    return lag > LAGGING ? lag : 0;
  }

  update(session) {
    const known = this.session;
    this.session = session;
    // A message may have overtaken this answer.
    if (known.last_frame_at > session.last_frame_at) this.noteFrame(known.last_frame_at, known.last_frame_sha256);
  }

  noteFrame(at, sha256) {
    Object.assign(this.session, { last_frame_at: at, last_frame_sha256: sha256 });
  }

  matches(words) {
    return !words || `${this.name} ${this.session.candidate_number}`.toLowerCase().includes(words);
  }

  /** Weigh the open incidents of this session; the tiles are sorted by it. */
  weigh(incidents) {
    this.worst = incidents.reduce(worse, null);
    const weight = incidents.reduce((sum, { severity }) => sum + (WEIGHTS[severity] ?? 0), 0);
    const asks = (this.isWaiting ? WAITS : 0) + (this.session.unread_messages ? ASKS : 0);
    this.attention = Math.min(99, weight + asks + (this.isOffline ? OFFLINE : 0));
    this.tone = this.worst ? toneOf(this.worst) : "";
  }

  /** Draw what has changed. */
  draw() {
    const { element, session, parts } = this;
    const tone = this.tone || "quiet";
    if (element.dataset.tone !== tone) {
      element.dataset.tone = tone;
      for (const one of ["bad", "warn", "quiet"]) element.classList.toggle(one, one === tone);
      parts.attention.className = `att ${this.tone}`;
    }
    this.#drawTag();
    this.#drawGone();
    setText(parts.name, this.name);
    setText(parts.line, [session.candidate_number, describeState(session), session.proctor_name].filter(Boolean).join(" · "));
    setAttribute(parts.person, "aria-label", `Look at ${this.name}`);
    setText(parts.attention, this.attention ? String(this.attention) : "");
    setAttribute(parts.attention, "aria-label", `Attention ${this.attention}`);
    setHidden(parts.asks, !session.unread_messages);
    setText(parts.asks.lastElementChild, String(session.unread_messages));
    setAttribute(parts.asks, "aria-label", `${session.unread_messages} unread`);
  }

  /** Say how old the picture is. */
  drawAge() {
    const { age } = this.parts;
    setHidden(age, this.age === null);
    if (this.age === null) return;
    setText(age, spellLength(this.age));
    age.classList.toggle("old", this.age > OLD);
  }

  /** Note that a picture is on the screen now. */
  noteShown(sha256, at) {
    if (!this.shown.sha256) setHidden(this.parts.canvas, false);
    this.shown = { sha256, at };
    this.element.dataset.frame = sha256;
  }

  #drawTag() {
    const { tag } = this.parts;
    setHidden(tag, !this.worst);
    if (!this.worst) return;
    const key = `${this.worst.kind} ${this.worst.title} ${this.tone}`;
    if (tag.dataset.of === key) return;
    tag.dataset.of = key;
    tag.className = `chip tag ${this.tone ? `solid-${this.tone}` : "shade"}`;
    tag.querySelector("[data-icon]").replaceChildren(iconOf(this.worst.kind));
    tag.querySelector("[data-text]").textContent = this.worst.title;
  }

  #drawGone() {
    const { gone } = this.parts;
    const isPaused = this.session.attempt_state === "paused";
    const isOffline = this.isOffline;
    const reason = this.session.refused.includes("camera") ? "No consent" : "Reconnecting";
    setHidden(gone, !isOffline && !isPaused);
    if (gone.hidden) return;
    gone.querySelector(".icon").toggleAttribute("hidden", !isOffline);
    setText(gone.querySelector("b"), isPaused ? "Paused" : reason);
    setText(gone.querySelector(".num"), isOffline ? `no picture for ${spellLength(this.silence)}` : "");
  }
}

const worse = (a, b) => (a && RANKS.indexOf(a.severity) >= RANKS.indexOf(b.severity) ? a : b);

export const frameAddress = ({ id, last_frame_sha256: sha256 }) =>
  `/api/v1/proctoring/sessions/${id}/frame?v=${sha256.slice(0, 16)}`;
