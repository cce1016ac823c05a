/* Which proctor looks after which candidate. */

import { call } from "./api.js";
import { byId } from "./pages.js";

export class Assignments {
  #proctors = [];

  /** `tiles()` gives all tiles, `changed` is called after somebody was assigned. */
  constructor(allowed, tiles, changed) {
    Object.assign(this, { allowed, tiles, changed, path: `/proctoring/exams/${allowed.exam_id}` });
    this.dialog = byId("proctors");
    if (!this.dialog) return;
    byId("split").addEventListener("click", () => this.#split());
    byId("take-free").addEventListener("click", () => this.#takeFree());
    byId("person-proctor").addEventListener("change", ({ target }) => this.#choose(target.value || null));
    this.#read();
  }

  /** Open the dialog about all candidates. */
  async open() {
    if (!this.dialog) return;
    byId("proctors-said").textContent = "";
    this.dialog.showModal();
    await this.#read();
  }

  /** Show who looks after a session in the dialog about it. */
  show(session) {
    this.session = session;
    const choice = byId("person-proctor");
    if (!choice || document.activeElement === choice) return;
    if (session.proctor_id && !this.#proctors.some(({ id }) => id === session.proctor_id)) {
      this.#proctors.push({ id: session.proctor_id, name: session.proctor_name, session_count: 0 });
      this.#drawChoice();
    }
    choice.value = session.proctor_id ?? "";
  }

  /** Take what the live stream says. */
  take({ sessions, names }) {
    for (const { session } of this.tiles()) {
      if (!(session.id in sessions)) continue;
      session.proctor_id = sessions[session.id];
      session.proctor_name = names[session.proctor_id] ?? "";
    }
    if (this.dialog?.open) this.#read();
    this.changed();
  }

  async #read() {
    try {
      this.#proctors = await call("GET", `${this.path}/proctors`);
      this.#drawChoice();
      this.#drawList();
    } catch (error) {
      this.#say(error.message);
    }
  }

  #drawChoice() {
    const choice = byId("person-proctor");
    const { value } = choice;
    const options = this.#proctors.map(({ id, name }) => new Option(id === this.allowed.user_id ? `${name} (me)` : name, id));
    choice.replaceChildren(new Option("Nobody", ""), ...options);
    choice.value = value;
  }

  #drawList() {
    const kept = new Map(this.#boxes().map((box) => [box.value, box.checked]));
    const lines = this.#proctors.map(({ id, name, session_count: count }) => {
      const line = byId("proctor").content.firstElementChild.cloneNode(true);
      const box = line.querySelector("input");
      box.value = id;
      box.checked = kept.get(id) ?? true;
      line.querySelector("[data-name]").textContent = id === this.allowed.user_id ? `${name} (me)` : name;
      line.querySelector("[data-count]").textContent = count === 1 ? "1 candidate" : `${count} candidates`;
      return line;
    });
    byId("proctor-list").replaceChildren(...lines);
  }

  #boxes() {
    return [...byId("proctor-list").querySelectorAll("input")];
  }

  async #split() {
    const chosen = this.#boxes().filter((box) => box.checked).map((box) => box.value);
    if (!chosen.length) {
      this.#say("Choose at least one proctor.");
      return;
    }
    await this.#send("/assignments/split", { proctor_ids: chosen }, "Divided evenly.");
  }

  async #takeFree() {
    const free = this.tiles().filter(({ session }) => !session.proctor_id).map(({ id }) => id);
    if (!free.length) {
      this.#say("Everybody has a proctor.");
      return;
    }
    const body = { session_ids: free, proctor_id: this.allowed.user_id };
    await this.#send("/assignments", body, `You look after ${free.length} more.`);
  }

  async #choose(proctorId) {
    const body = { session_ids: [this.session.id], proctor_id: proctorId };
    await this.#send("/assignments", body, "");
  }

  async #send(path, body, said) {
    try {
      const { sessions } = await call("POST", this.path + path, body);
      this.take({ sessions, names: Object.fromEntries(this.#proctors.map(({ id, name }) => [id, name])) });
      this.#say(said);
    } catch (error) {
      this.#say(error.message);
    }
  }

  #say(text) {
    byId("proctors-said").textContent = text;
    byId("person-assigned").textContent = this.dialog.open ? "" : text;
  }
}
