/* The photos of the check-in: face and document, for whoever lets somebody in or compares later. */

import { call } from "./api.js";
import { spellMoment } from "./pages.js";

const WORDS = { face: "Face at the check-in", document: "Document" };

export class Photos {
  #session = null;

  constructor(details) {
    this.details = details;
    details?.addEventListener("toggle", () => details.open && this.#load());
  }

  /** Show the photos of somebody who waits to be let in; of others when they are asked for. */
  show(session) {
    if (!this.details) return;
    this.#session = session;
    this.#place([]);
    const isWaiting = session.attempt_state === "awaiting_authorization";
    // Links to evidence are audited, so nobody's photos are opened by the way.
    if (this.details.open && isWaiting) this.#load();
    else this.details.open = isWaiting;
  }

  async #load() {
    const session = this.#session;
    this.#say("Loading");
    try {
      const photos = await call("GET", `/proctoring/sessions/${session.id}/check-in-photos`);
      const figures = await Promise.all(photos.map(drawPhoto));
      if (session !== this.#session) return;
      this.#place(figures);
      this.#say(figures.length ? "" : "There are none.");
    } catch (error) {
      if (session === this.#session) this.#say(error.message);
    }
  }

  #place(figures) {
    this.details.querySelector("[data-photos]").replaceChildren(...figures);
  }

  #say(text) {
    this.details.querySelector("[data-said]").textContent = text;
  }
}

async function drawPhoto({ kind, at, evidence_id: id }) {
  const { url } = await call("POST", `/evidence/${id}/link`);
  const figure = document.createElement("figure");
  const image = new Image();
  image.src = url;
  image.alt = WORDS[kind] ?? kind;
  const words = document.createElement("figcaption");
  words.textContent = `${image.alt}, ${spellMoment(at)}`;
  figure.append(image, words);
  return figure;
}
