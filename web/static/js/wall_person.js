/* One candidate, large, with what a proctor can do. */

import { call, newId } from "./api.js";
import { byId, spellAge } from "./pages.js";
import { frameAddress, stateWords } from "./wall_tile.js";

const POSSIBLE = {
  awaiting_authorization: ["authorize"],
  in_progress: ["pause", "time", "terminate"],
  paused: ["resume", "time", "terminate"],
};
const DONE = {
  authorize: "Let in.",
  pause: "Paused.",
  resume: "The clock runs again.",
  time: "Time was added.",
  terminate: "Ended.",
};

export class PersonDialog {
  id = null;
  #shown = "";

  /** `acted` is called with the session's id after something was done. */
  constructor(allowed, acted) {
    Object.assign(this, { allowed, acted, dialog: byId("person") });
    this.dialog.addEventListener("close", () => {
      this.id = null;
    });
    byId("control")?.addEventListener("click", (event) => {
      const button = event.target.closest("[data-control]");
      if (button) this.#act(button.dataset.control);
    });
    byId("control")?.addEventListener("submit", (event) => event.preventDefault());
  }

  open(session) {
    this.id = session.id;
    this.#shown = "";
    this.#say("", "");
    if (byId("reason")) byId("reason").value = "";
    byId("person-frame").removeAttribute("src");
    this.draw(session);
    this.dialog.showModal();
  }

  draw(session) {
    if (!this.id) return;
    if (!session) {
      this.dialog.close();
      return;
    }
    this.session = session;
    byId("person-name").textContent = session.candidate_name;
    byId("person-state").textContent = stateWords(session.attempt_state);
    byId("person-number").textContent = session.candidate_number || "–";
    byId("person-last").textContent = session.last_frame_at ? spellAge(session.last_frame_at) : "none yet";
    byId("person-integrity").textContent = session.integrity?.score ? `${session.integrity.score} of 100` : "–";
    this.#drawFrame(session);
    const possible = POSSIBLE[session.attempt_state] ?? [];
    for (const button of document.querySelectorAll("[data-control]")) {
      (button.closest("[data-time]") ?? button).hidden = !possible.includes(button.dataset.control);
    }
  }

  #drawFrame(session) {
    const image = byId("person-frame");
    if (!session.last_frame_sha256 || session.last_frame_sha256 === this.#shown) return;
    this.#shown = session.last_frame_sha256;
    image.src = frameAddress(session);
    image.alt = `Camera of ${session.candidate_name}`;
  }

  async #act(action) {
    const reason = byId("reason").value.trim();
    if (action !== "authorize" && !reason) {
      this.#say("", "Write a reason first.");
      byId("reason").focus();
      return;
    }
    const body = action === "authorize" ? undefined : { reason };
    if (action === "time") {
      const minutes = Number(byId("minutes").value.replace(",", "."));
      if (!(minutes > 0 && minutes <= 1440)) {
        this.#say("", "Give 1 to 1440 minutes.");
        return;
      }
      body.seconds = String(Math.round(minutes * 60));
    }
    await this.#send(action, body);
  }

  async #send(action, body) {
    const buttons = document.querySelectorAll("[data-control]");
    for (const button of buttons) button.disabled = true;
    try {
      const path = `/attempts/${this.session.attempt_id}/${action}`;
      await call("POST", path, body, action === "time" ? { key: newId() } : {});
      this.#say(DONE[action], "");
      await this.acted(this.session.id);
    } catch (error) {
      this.#say("", error.message);
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }

  #say(text, problem) {
    if (!byId("control")) return;
    byId("control-said").textContent = text;
    byId("control-problem").textContent = problem;
    byId("control-problem").hidden = !problem;
  }
}
