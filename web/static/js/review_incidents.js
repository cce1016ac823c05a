/* The list of incidents: jump to one, note, dismiss, let it count. */

import { call } from "./api.js";
import { byId } from "./pages.js";

const LEAD = 2000;

export class IncidentList {
  #elements = new Map();
  #current = null;

  /** `onJudged()` is called after an incident was judged. */
  constructor(data, player, pieces, lanes) {
    Object.assign(this, { incidents: data.incidents, player, pieces, lanes, onJudged: () => {} });
    for (const element of document.querySelectorAll("#incidents > li")) {
      this.#elements.set(element.dataset.incident, element);
    }
    lanes.onPressed = (id) => this.go(id);
    byId("incidents")?.addEventListener("click", (event) => this.#click(event));
    document.addEventListener("click", (event) => {
      const filter = event.target.closest("[data-filter]");
      if (filter) this.#filter(filter);
    });
    this.#loadThumbnails();
  }

  /** Return the incident that is looked at. */
  get current() {
    return this.incidents.find(({ id }) => id === this.#current) ?? null;
  }

  /** Go to an incident, shortly before it begins. */
  go(id) {
    const incident = this.incidents.find((one) => one.id === id);
    if (!incident) return;
    this.#mark(id);
    const begin = Date.parse(incident.started_at);
    const shown = incident.evidence[0] ? Date.parse(incident.evidence[0].at) : begin;
    this.player.seek(this.player.isPlaying ? begin - LEAD : Math.max(begin, shown));
    this.#elements.get(id)?.scrollIntoView({ block: "nearest" });
  }

  /** Go to the next incident that is shown in the list, or the one before. */
  jump(direction) {
    const shown = this.incidents.filter(({ id }) => !this.#elements.get(id)?.hidden);
    const index = shown.findIndex(({ id }) => id === this.#current);
    const { position } = this.player;
    const later = shown.findIndex(({ started_at }) => Date.parse(started_at) > position);
    let next = index + direction;
    if (index < 0) next = direction > 0 ? later : (later < 0 ? shown.length : later) - 1;
    if (shown[next]) this.go(shown[next].id);
  }

  /** Mark the incident at the position, where there is one. */
  follow(position) {
    const inside = ({ started_at, ended_at }) =>
      Date.parse(started_at) - LEAD <= position && position <= Date.parse(ended_at) + LEAD;
    if (this.current && inside(this.current)) return;
    const found = this.incidents.find(inside);
    if (found && found.id !== this.#current) this.#mark(found.id);
    else if (!found) this.#mark(null);
  }

  async judge(state, note = null) {
    const incident = this.current;
    const element = this.#elements.get(incident?.id);
    if (!incident || !element?.querySelector("[data-note-it]")) return;
    const text = note ?? element.querySelector("[data-note]").textContent;
    try {
      this.#put(await call("POST", `/incidents/${incident.id}/note`, { state, note: text }));
    } catch (error) {
      byId("loading").textContent = error.message;
    }
  }

  askForNote() {
    const element = this.#elements.get(this.#current);
    if (!element?.querySelector("[data-note-it]")) return;
    const dialog = byId("note");
    byId("note-about").textContent = element.querySelector("h3").textContent;
    byId("note-text").value = element.querySelector("[data-note]").textContent;
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue === "save") this.judge("noted", byId("note-text").value.trim());
    };
    dialog.showModal();
  }

  toggleCounts() {
    const box = this.#elements.get(this.#current)?.querySelector('input[name="incident"]');
    if (box && !box.disabled) box.click();
  }

  #click(event) {
    const element = event.target.closest("li");
    if (!element || event.target.closest("label")) return;
    const { incident: id } = element.dataset;
    if (event.target.closest("[data-go], h3")) this.go(id);
    if (!event.target.closest(".dec")) return;
    this.#mark(id);
    if (event.target.closest("[data-note-it]")) this.askForNote();
    if (event.target.closest("[data-dismiss]")) this.judge("dismissed");
    if (event.target.closest("[data-reopen]")) this.judge("open");
  }

  #mark(id) {
    this.#current = id;
    for (const [key, element] of this.#elements) {
      if (key === id) element.setAttribute("aria-current", "true");
      else element.removeAttribute("aria-current");
    }
    this.lanes.mark(id);
  }

  #put({ id, state, note }) {
    const element = this.#elements.get(id);
    this.incidents.find((one) => one.id === id).state = state;
    element.dataset.state = state;
    element.querySelector("[data-note]").textContent = note;
    element.querySelector("[data-note]").hidden = !note;
    element.querySelector("[data-dismiss]").hidden = state === "dismissed";
    element.querySelector("[data-reopen]").hidden = state === "open";
    const chip = element.querySelector("[data-state-chip]");
    chip.hidden = state === "open";
    chip.textContent = state === "dismissed" ? "Dismissed" : "Noted";
    const box = element.querySelector('input[name="incident"]');
    if (box) {
      box.disabled = state === "dismissed";
      if (box.disabled) box.checked = false;
    }
    this.lanes.judge(id, state);
    const open = [...this.#elements.values()].filter(
      ({ dataset }) => dataset.state === "open" && dataset.severity !== "technical",
    );
    byId("open-count").textContent = open.length;
    this.onJudged();
  }

  #filter(button) {
    for (const other of document.querySelectorAll("[data-filter]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    const onlyOpen = button.dataset.filter === "open";
    for (const element of this.#elements.values()) {
      const { state, severity } = element.dataset;
      element.hidden = onlyOpen && (state !== "open" || severity === "technical");
    }
  }

  /** Show the first picture of each incident when the list shows the incident. */
  #loadThumbnails() {
    const watcher = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        watcher.unobserve(target);
        this.#showThumbnail(target);
      }
    });
    for (const element of this.#elements.values()) watcher.observe(element);
  }

  async #showThumbnail(element) {
    const { evidence } = this.incidents.find(({ id }) => id === element.dataset.incident);
    const pictures = evidence.filter(({ content_type: type = "image/jpeg" }) => type.startsWith("image/"));
    const frame = pictures[Math.floor(pictures.length / 2)];
    if (!frame) return;
    await this.pieces.get(frame.id);
    const blob = this.pieces.blob(frame.id);
    if (!blob?.type.startsWith("image/")) return;
    const image = document.createElement("img");
    image.alt = "";
    // Its own address: the one of the player may be forgotten.
    image.src = URL.createObjectURL(blob);
    element.querySelector(".th").replaceChildren(image);
  }
}
