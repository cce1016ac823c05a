/* The feed of incidents, the newest first. */

import { call } from "./api.js";
import { byId, spellAge } from "./pages.js";
import { iconOf } from "./wall_tile.js";

const MOST = 100;
const SVG = "http://www.w3.org/2000/svg";

export class Feed {
  #incidents = new Map();
  #elements = new Map();
  #names = new Map();

  /** `changed` is called after something was judged here. */
  constructor(allowed, changed) {
    Object.assign(this, { allowed, changed });
    byId("incidents").addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this.#act(button.closest("li").dataset.incident, button.dataset.do);
    });
  }

  get size() {
    return this.#incidents.size;
  }

  get openCount() {
    return [...this.#incidents.values()].filter((incident) => incident.state === "open").length;
  }

  openOf(sessionId) {
    return [...this.#incidents.values()].filter((one) => one.session_id === sessionId && one.state === "open");
  }

  /** Take the open incidents of a snapshot; judged ones stay as they are known here. */
  replace(incidents) {
    const open = new Set(incidents.map(({ id }) => id));
    for (const [id, incident] of this.#incidents) {
      if (incident.state === "open" && !open.has(id)) this.#forget(id);
    }
    for (const incident of [...incidents].reverse()) this.put(incident);
  }

  /** Take an incident as it is now. */
  put(incident) {
    if (incident.change === "withdrawn") {
      this.#forget(incident.id);
      return;
    }
    const known = this.#incidents.get(incident.id);
    if (incident.candidate_name) this.#names.set(incident.session_id, incident.candidate_name);
    this.#incidents.set(incident.id, { ...known, ...incident });
    this.#draw(this.#incidents.get(incident.id));
    this.#trim();
  }

  nameOf(incident) {
    const tile = document.querySelector(`.tile[data-session="${incident.session_id}"] [data-name]`);
    return tile?.textContent || this.#names.get(incident.session_id) || "";
  }

  drawAges() {
    for (const [id, element] of this.#elements) {
      const incident = this.#incidents.get(id);
      element.querySelector("time").textContent = spellAge(incident.started_at);
      this.#drawText(incident, element);
    }
  }

  #draw(incident) {
    const element = this.#elements.get(incident.id) ?? this.#add(incident);
    const isOpen = incident.state === "open";
    element.classList.toggle("new", isOpen);
    element.dataset.state = incident.state;
    const tone = incident.severity === "high" ? "bad" : incident.severity === "technical" ? "" : "warn";
    element.querySelector("[data-icon]").className = tone;
    element.querySelector("[data-title]").textContent = incident.title;
    const time = element.querySelector("time");
    time.dateTime = incident.started_at;
    time.textContent = spellAge(incident.started_at);
    this.#drawText(incident, element);
    const note = element.querySelector("[data-note]");
    note.hidden = !incident.note;
    note.textContent = incident.note;
    for (const button of element.querySelectorAll("[data-do]")) {
      button.hidden = (button.dataset.do === "reopen") === isOpen;
    }
    const state = element.querySelector("[data-state]");
    state.hidden = isOpen;
    state.lastElementChild.textContent = incident.state === "dismissed" ? "Dismissed" : "Noted";
    this.#drawPicture(incident, element);
  }

  #drawText(incident, element) {
    const name = this.nameOf(incident);
    const text = name ? `${name}. ${incident.explanation}` : incident.explanation;
    const line = element.querySelector("[data-text]");
    if (line.textContent !== text) line.textContent = text;
  }

  #add(incident) {
    const element = byId("incident").content.firstElementChild.cloneNode(true);
    element.dataset.incident = incident.id;
    element.dataset.kind = incident.kind;
    element.querySelector("[data-icon]").append(iconOf(incident.kind));
    this.#elements.set(incident.id, element);
    const list = byId("incidents");
    const later = [...list.children].find(
      (other) => this.#incidents.get(other.dataset.incident).started_at <= incident.started_at,
    );
    list.insertBefore(element, later ?? null);
    return element;
  }

  /** Show the latest evidence frame with its boxes; links are made for a short time only. */
  async #drawPicture(incident, element) {
    const frame = incident.evidence?.at(-1);
    if (!frame || !this.allowed.evidence || element.dataset.frame === frame.id) return;
    element.dataset.frame = frame.id;
    try {
      const { url } = await call("POST", `/evidence/${frame.id}/link`);
      const image = element.querySelector(".th img");
      image.src = url;
      image.alt = `Evidence frame: ${incident.title}`;
      image.hidden = false;
      element.querySelector(".th svg").replaceChildren(...(frame.boxes ?? []).map(drawBox));
    } catch {
      element.dataset.frame = "";
    }
  }

  #act(id, action) {
    const incident = this.#incidents.get(id);
    if (action === "note") this.#askForNote(incident);
    else this.#judge(incident, action === "dismiss" ? "dismissed" : "open", incident.note);
  }

  #askForNote(incident) {
    const dialog = byId("note");
    byId("note-about").textContent = `${incident.title}, ${this.nameOf(incident)}`;
    byId("note-text").value = incident.note;
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue === "save") this.#judge(incident, "noted", byId("note-text").value.trim());
    };
    dialog.showModal();
  }

  async #judge(incident, state, note) {
    const element = this.#elements.get(incident.id);
    const buttons = element.querySelectorAll("[data-do]");
    for (const button of buttons) button.disabled = true;
    try {
      this.put(await call("POST", `/incidents/${incident.id}/note`, { state, note }));
    } catch (error) {
      byId("connection").textContent = error.message;
    }
    for (const button of buttons) button.disabled = false;
    this.changed();
  }

  #forget(id) {
    this.#incidents.delete(id);
    this.#elements.get(id)?.remove();
    this.#elements.delete(id);
  }

  #trim() {
    const list = byId("incidents");
    while (list.children.length > MOST) {
      const judged = [...list.children].reverse().find((one) => one.dataset.state !== "open");
      this.#forget((judged ?? list.lastElementChild).dataset.incident);
    }
  }
}

function drawBox({ left, top, width, height }) {
  const box = document.createElementNS(SVG, "rect");
  const values = { x: left, y: top, width, height };
  for (const [name, value] of Object.entries(values)) box.setAttribute(name, value * 100);
  box.setAttribute("class", "box");
  return box;
}
