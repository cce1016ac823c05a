/* One candidate, large, with what a proctor can do. */

import { call, newId } from "./api.js";
import { byId, spellAge } from "./pages.js";
import { Photos } from "./wall_photos.js";
import { frameAddress } from "./wall_tile.js";
import { describeState, setHidden, setText } from "./wall_words.js";

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
const OTHERS = 2500;

export class PersonDialog {
  id = null;
  #shown = "";

  /**
   * `acted(sessionId)` is called after something was done, `sessionOf(id)` knows the sessions,
   * `conversation`, `assignments` and `warning` are the parts of the dialog.
   */
  constructor(allowed, parts) {
    Object.assign(this, { allowed, ...parts, dialog: byId("person"), photos: new Photos(byId("person-photos")) });
    this.dialog.addEventListener("close", () => {
      this.id = null;
      this.conversation.close();
    });
    byId("control")?.addEventListener("click", (event) => {
      const button = event.target.closest("[data-control]");
      if (button) this.#act(button.dataset.control);
    });
    byId("control")?.addEventListener("submit", (event) => event.preventDefault());
    setInterval(() => this.#drawOthers(), OTHERS);
  }

  open(id) {
    const session = this.sessionOf(id);
    if (!session) return false;
    this.id = id;
    this.#shown = "";
    this.#say("", "");
    if (byId("reason")) byId("reason").value = "";
    byId("person-frame").removeAttribute("src");
    for (const figure of this.#figures()) figure.hidden = true;
    this.dialog.showModal();
    this.draw(session);
    this.#drawOthers();
    this.photos.show(session);
    this.conversation.open(session);
    return true;
  }

  /** Open the dialog to write a message. */
  write(id) {
    if (this.open(id)) byId("person-text")?.focus();
  }

  /** Ask for a warning about an incident; `sent(text)` is called once it was sent. */
  warn(id, incident, sent) {
    const session = this.sessionOf(id);
    if (session) this.warning.open(session, incident, sent);
  }

  draw(session) {
    if (!this.id) return;
    if (!session) {
      this.dialog.close();
      return;
    }
    this.session = session;
    setText(byId("person-name"), session.candidate_name);
    setText(byId("person-state"), describeState(session));
    setText(byId("person-number"), session.candidate_number || "–");
    setText(byId("person-last"), session.last_frame_at ? spellAge(session.last_frame_at) : "none yet");
    const waived = (session.waived_titles ?? []).join(", ");
    setText(byId("person-waived"), waived);
    setHidden(byId("person-waived"), !waived);
    setHidden(byId("person-waived-h"), !waived);
    setText(byId("person-integrity"), session.integrity?.score ? `${session.integrity.score} of 100` : "–");
    this.assignments.show(session);
    this.#drawFrame(session);
    const possible = POSSIBLE[session.attempt_state] ?? [];
    for (const button of document.querySelectorAll("[data-control]")) {
      setHidden(button.closest("[data-time]") ?? button, !possible.includes(button.dataset.control));
    }
    const needsReason = possible.some((act) => act !== "authorize");
    if (byId("reason-field")) setHidden(byId("reason-field"), !needsReason);
  }

  async #drawFrame(session) {
    const { last_frame_sha256: sha256 } = session;
    if (!sha256 || sha256 === this.#shown) return;
    this.#shown = sha256;
    const next = new Image();
    next.src = frameAddress(session);
    await next.decode().catch(() => {});
    if (this.session?.id !== session.id || this.#shown !== sha256) return;
    const image = byId("person-frame");
    image.src = next.src;
    image.alt = `Camera of ${session.candidate_name}`;
  }

  #figures() {
    return document.querySelectorAll("#person-others [data-stream]");
  }

  /** Show the screen and the room where the exam has them; an unchanged picture is not sent again. */
  async #drawOthers() {
    const { id, session } = this;
    if (!id || !session || document.hidden) return;
    for (const figure of this.#figures()) {
      const { stream } = figure.dataset;
      if (!session.streams.includes(stream)) continue;
      try {
        const answer = await fetch(`/api/v1/proctoring/sessions/${id}/frame?stream=${stream}`, { cache: "no-cache" });
        if (!answer.ok || this.id !== id) continue;
        const image = figure.querySelector("img");
        const old = image.src;
        image.src = URL.createObjectURL(await answer.blob());
        if (old) URL.revokeObjectURL(old);
        figure.hidden = false;
      } catch {
        // The stream's state says that there is no connection.
      }
    }
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
    if (action === "terminate") this.#askForEnd(body);
    else await this.#send(action, body);
  }

  /** Nothing takes an end back, and the button stands beside harmless ones. */
  #askForEnd(body) {
    const { attempt_id: attemptId, candidate_name: name } = this.session;
    setText(byId("end-about"), `${name}. Reason: ${body.reason}`);
    byId("end").querySelector("form").onsubmit = () => {
      if (this.session.attempt_id === attemptId) this.#send("terminate", body);
    };
    byId("end").showModal();
  }

  async #send(action, body) {
    const buttons = document.querySelectorAll("[data-control]");
    for (const button of buttons) button.disabled = true;
    try {
      const path = `/attempts/${this.session.attempt_id}/${action}`;
      await call("POST", path, body, action === "time" ? { key: newId() } : {});
      this.#say(DONE[action], "");
      // The next deed has its own reason.
      byId("reason").value = "";
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
