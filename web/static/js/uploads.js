/* Files of answers on their way to the server. Each is kept on this device until it is stored. */

import { call, newId } from "./api.js";

const RETRY = 3000;
const PATIENCE = 600000;

/** One file: `state` is sending, waiting, stored or refused. Event `change`. */
class Upload extends EventTarget {
  state = "sending";
  message = "";
  result = null;

  constructor(entry) {
    super();
    this.entry = entry;
  }

  get name() {
    return this.entry.name;
  }

  get isOver() {
    return this.state === "stored" || this.state === "refused";
  }

  become(state, message = "") {
    if (this.state === state && this.message === message) return;
    Object.assign(this, { state, message });
    this.dispatchEvent(new Event("change"));
  }
}

/** The files of one attempt. Event `change` when one of them came to an end. */
export class Uploads extends EventTarget {
  #uploads = new Set();

  constructor(store, attemptId, leaseId) {
    super();
    Object.assign(this, { store, attemptId, leaseId });
  }

  get waiting() {
    return this.#uploads.size;
  }

  /** Keep a file of an item, and send it. */
  take(itemId, blob, name) {
    const upload = new Upload({ id: newId(), attempt_id: this.attemptId, item_id: itemId, blob, name });
    this.#uploads.add(upload);
    this.#keepAndSend(upload);
    return upload;
  }

  /** Go on with what an earlier page left on this device: pairs of an item's id and an upload. */
  async resume() {
    const left = await this.store.all("files").catch(() => []);
    return left
      .filter((entry) => entry.attempt_id === this.attemptId)
      .map((entry) => {
        const upload = new Upload(entry);
        this.#uploads.add(upload);
        this.#send(upload);
        return [entry.item_id, upload];
      });
  }

  /** Wait until nothing waits any more; false when that takes longer than `patience` milliseconds. */
  async drain(patience) {
    const end = Date.now() + patience;
    while (this.waiting && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 200));
    return this.waiting === 0;
  }

  async #keepAndSend(upload) {
    await this.store.put("files", upload.entry).catch(() => {});
    await this.#send(upload);
  }

  async #send(upload) {
    while (!upload.isOver) {
      try {
        upload.result = await this.#post(upload.entry);
        upload.become("stored");
      } catch (error) {
        const mayWork = error.isPassing || error.status === 401 || error.code === "lease_lost";
        upload.become(mayWork ? "waiting" : "refused", mayWork ? "" : error.message);
        if (mayWork) await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    }
    // Whoever listened has put the file into the answer by now, which is kept by itself.
    await this.store.remove("files", upload.entry.id).catch(() => {});
    this.#uploads.delete(upload);
    this.dispatchEvent(new Event("change"));
  }

  #post({ item_id, blob, name }) {
    const form = new FormData();
    form.append("lease_id", this.leaseId);
    form.append("file", blob, name);
    const path = `/attempts/${this.attemptId}/items/${item_id}/files`;
    return call("POST", path, form, { patience: PATIENCE });
  }
}
