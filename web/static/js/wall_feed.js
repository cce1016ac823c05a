/* The feed of incidents, the newest first. */

import { call } from "./api.js";
import { byId, spellAge } from "./pages.js";
import { isSound, playSound, showFrame } from "./wall_evidence.js";
import { iconOf, setHidden, setText, toneOf } from "./wall_words.js";

const MOST = 100;

export class Feed {
  #incidents = new Map();
  #elements = new Map();
  #names = new Map();

  /**
   * `changed` is called after something was judged here; `person` opens dialogs about a session,
   * `nameOf(sessionId)` knows who sits there.
   */
  constructor(allowed, { changed, person, nameOf }) {
    Object.assign(this, { allowed, changed, person, knownName: nameOf });
    byId("incidents").addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this.act(button.closest("li").dataset.incident, button.dataset.do);
    });
  }

  get size() {
    return this.#incidents.size;
  }

  get openCount() {
    let count = 0;
    for (const incident of this.#incidents.values()) count += incident.state === "open";
    return count;
  }

  /** Return the open incidents by session. */
  groupOpen() {
    const groups = new Map();
    for (const incident of this.#incidents.values()) {
      if (incident.state !== "open") continue;
      const group = groups.get(incident.session_id);
      if (group) group.push(incident);
      else groups.set(incident.session_id, [incident]);
    }
    return groups;
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

  nameOf({ session_id: id }) {
    return this.knownName(id) || this.#names.get(id) || "";
  }

  drawAges() {
    for (const [id, element] of this.#elements) {
      const incident = this.#incidents.get(id);
      setText(element.querySelector("time"), spellAge(incident.started_at));
      this.#drawText(incident, element);
    }
  }

  /** Do what a button of an incident says: watch, message, warn, listen, note, dismiss, reopen. */
  act(id, action) {
    const incident = this.#incidents.get(id);
    if (!incident) return;
    const { session_id: sessionId } = incident;
    if (action === "watch") this.person.open(sessionId);
    else if (action === "message") this.person.write(sessionId);
    else if (action === "warn") this.person.warn(sessionId, incident, (text) => this.#judge(incident, "noted", `Warned: ${text}`));
    else if (action === "listen") this.#listen(incident);
    else if (action === "note") this.#askForNote(incident);
    else this.#judge(incident, action === "dismiss" ? "dismissed" : "open", incident.note);
  }

  #draw(incident) {
    const element = this.#elements.get(incident.id) ?? this.#add(incident);
    const isOpen = incident.state === "open";
    element.classList.toggle("new", isOpen);
    element.dataset.state = incident.state;
    element.querySelector("[data-icon]").className = toneOf(incident);
    setText(element.querySelector("[data-title]"), incident.title);
    const time = element.querySelector("time");
    time.dateTime = incident.started_at;
    setText(time, spellAge(incident.started_at));
    this.#drawText(incident, element);
    const note = element.querySelector("[data-note]");
    setHidden(note, !incident.note);
    setText(note, incident.note);
    this.#drawButtons(incident, element);
    if (this.allowed.evidence && !isSound(incident)) showFrame(incident, element);
  }

  #drawButtons(incident, element) {
    const isOpen = incident.state === "open";
    for (const button of element.querySelectorAll("[data-do]")) {
      const { do: action } = button.dataset;
      if (action === "listen") setHidden(button, !this.allowed.evidence || !isSound(incident));
      else if (action !== "watch" && action !== "message") setHidden(button, (action === "reopen") === isOpen);
    }
    const state = element.querySelector("[data-state]");
    setHidden(state, isOpen);
    setText(state.lastElementChild, incident.state === "dismissed" ? "Dismissed" : "Noted");
  }

  #drawText(incident, element) {
    const name = this.nameOf(incident);
    setText(element.querySelector("[data-text]"), name ? `${name}. ${incident.explanation}` : incident.explanation);
  }

  #add(incident) {
    const element = byId("incident").content.firstElementChild.cloneNode(true);
    element.dataset.incident = incident.id;
    element.dataset.kind = incident.kind;
    element.querySelector("[data-icon]").append(iconOf(incident.kind));
    element.querySelector("[data-nopic]").append(iconOf(incident.kind));
    this.#elements.set(incident.id, element);
    const list = byId("incidents");
    const later = [...list.children].find(
      (other) => this.#incidents.get(other.dataset.incident).started_at <= incident.started_at,
    );
    list.insertBefore(element, later ?? null);
    return element;
  }

  async #listen(incident) {
    const place = this.#elements.get(incident.id).querySelector("[data-sound]");
    try {
      await playSound(incident, place);
    } catch (error) {
      place.textContent = error.message;
    }
    place.hidden = false;
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
    const buttons = this.#elements.get(incident.id)?.querySelectorAll("[data-do]") ?? [];
    for (const button of buttons) button.disabled = true;
    try {
      this.put(await call("POST", `/incidents/${incident.id}/note`, { state, note: note.slice(0, 500) }));
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
