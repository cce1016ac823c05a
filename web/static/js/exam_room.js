/* The exam room: brings questions, saving, clock, live messages and recording together. */

import { call } from "./api.js";
import { Capture } from "./capture.js";
import { Clock } from "./clock.js";
import { findLease } from "./lease.js";
import { follow } from "./live.js";
import { Outbox } from "./outbox.js";
import { byId } from "./pages.js";
import { askFor } from "./room_asks.js";
import { RoomChat } from "./room_chat.js";
import { RoomChecks } from "./room_checks.js";
import { openRoomPhone } from "./room_phone.js";
import { drawBanner, drawSaving, startTimer } from "./room_status.js";
import { openSubmit } from "./room_submit.js";
import { RoomView } from "./room_view.js";
import { showCapture } from "./room_watch.js";
import { openStore } from "./store.js";
import { Uploads } from "./uploads.js";

const FINISHED = new Set(["submitted", "terminated", "voided", "expired", "cancelled", "declined"]);
const RETRY = 3000;
const PATIENCE = 8000;
const LAST_FILES = 60000;

class ExamRoom {
  constructor(data) {
    this.data = data;
    this.id = data.attempt.id;
    this.clock = new Clock(this.id);
    this.view = new RoomView(this.id, data.items);
    this.leaseVersion = data.lease_version;
    this.isLeaving = false;
  }

  async open() {
    this.clock.sync(this.data.clock);
    startTimer(this.clock);
    this.store = await openStore();
    this.lease = await findLease(this.id);
    this.outbox = new Outbox(this.store, this.id, this.lease);
    await this.outbox.open(this.data.items);
    this.uploads = new Uploads(this.store, this.id, this.lease);
    this.#restore();
    this.#listen();
    this.checks = new RoomChecks(this.id, this);
    this.clock.start();
    if (this.data.proctoring) this.chat = new RoomChat(this.id);
    this.chat?.start();
    this.phone = openRoomPhone(this.id);
    this.#followLive();
    this.#draw();
    this.#takeLease();
    this.#loadModules().then(() => this.#resumeFiles());
    if (this.data.proctoring) this.#record();
    byId("unready").remove();
    byId("room").dataset.ready = "";
  }

  /** What waits on this device is newer than what the server sent with the page. */
  #restore() {
    for (const { id } of this.data.items) {
      const raw = this.outbox.local(id);
      if (raw) this.view.restore(id, raw);
    }
  }

  #listen() {
    const { outbox, view, clock } = this;
    view.addEventListener("change", ({ detail }) => outbox.note(detail.itemId, detail.raw));
    view.addEventListener("finish", () => this.#askToSubmit());
    outbox.addEventListener("change", () => this.#draw());
    outbox.addEventListener("clock", ({ detail }) => clock.sync(detail));
    outbox.addEventListener("settled", ({ detail }) => this.#settled(detail));
    clock.addEventListener("state", () => {
      this.#draw();
      this.#followState();
    });
    clock.addEventListener("over", () => this.#end());
    document.addEventListener("eh-upload", ({ target, detail }) => {
      const section = target.closest("[data-item]");
      if (section) detail.upload = this.uploads.take(section.dataset.item, detail.blob, detail.name);
    });
    document.addEventListener("click", (event) => {
      if (event.target.closest("[data-submit]")) this.#askToSubmit();
      if (event.target.closest("[data-take-over]")) this.#takeOver();
    });
  }

  #settled({ itemId, state, savedAt, stale }) {
    this.view.noteSaved(itemId, savedAt, state);
    const item = this.data.items.find(({ id }) => id === itemId);
    // A repeated operation whose answer is older than the page: the page was right.
    if (stale && !this.outbox.local(itemId)) this.view.restore(itemId, item.raw);
  }

  #draw() {
    const { outbox, view, clock } = this;
    view.drawKept((id) => !outbox.isWaiting(id));
    drawSaving(outbox, view.count > 0);
    view.lock(outbox.isLost || clock.isOver);
    this.#drawBanner();
    if (!outbox.isOffline && view.areFlagsSent === false) view.sendFlags();
  }

  /** Whether what waits survives the end of this page. */
  get #isKept() {
    return this.store.isLasting && this.outbox.isKept;
  }

  #drawBanner() {
    const { outbox, clock } = this;
    if (clock.isOver) {
      const text = drawBanner("over").querySelector("[data-over-text]");
      text.textContent = outbox.waiting
        ? "Answers wait on this device. Keep this page open until they are sent."
        : "Your saved answers are being handed in.";
    } else if (outbox.isLost) drawBanner("lost");
    else if (outbox.isSignedOut) {
      const link = drawBanner("signed-out").querySelector("[data-sign-in]");
      const next = this.#isKept ? location.pathname : "/home";
      link.href = `/sign-in?next=${encodeURIComponent(next)}`;
      // What only this page has must not go with it: it is sent once somebody is signed in again.
      link.target = this.#isKept ? "" : "_blank";
    } else if (outbox.refused.length) {
      const [first] = outbox.refused;
      const number = this.data.items.findIndex(({ id }) => id === first.id) + 1;
      const line = drawBanner("refused").querySelector("[data-refused]");
      line.textContent = `The answer to question ${number} was not saved. ${first.refused.message}`;
    } else drawBanner(this.#isKept ? null : "memory");
  }

  #followLive() {
    follow(`/api/v1/attempts/${this.id}/stream`, {
      clock: (clock) => this.clock.sync(clock),
      lease: ({ lease_version }) => this.#compareLease(lease_version),
      message: (message) => this.chat?.take(message),
      read: (marks) => this.chat?.noteRead(marks),
      room_camera: (seen) => this.phone?.heard(seen),
      resync: () => {
        this.phone?.look();
        this.clock.ask();
        this.chat?.read();
      },
    });
  }

  async #takeLease() {
    try {
      const answer = await call("POST", `/attempts/${this.id}/lease`, { lease_id: this.lease });
      this.leaseVersion = Math.max(this.leaseVersion, answer.lease_version);
      this.hasLease = true;
      // A save that was faster than the lease was refused: it goes again.
      await this.outbox.regain();
    } catch (error) {
      if (error.isPassing) setTimeout(() => this.#takeLease(), RETRY);
    }
  }

  #compareLease(version) {
    if (this.hasLease && version > this.leaseVersion) {
      this.outbox.lose();
      this.capture?.stop();
    }
  }

  /** The server may have newer answers than this page: take the lease, send, and load it anew. */
  async #takeOver() {
    delete byId("room").dataset.ready;
    const body = { lease_id: this.lease };
    const isTaken = await call("POST", `/attempts/${this.id}/lease`, body).catch(() => null);
    if (isTaken) {
      // Or the stream's word about it would count as another window's.
      this.leaseVersion = Math.max(this.leaseVersion, isTaken.lease_version);
      await this.outbox.regain();
    }
    // What only this page has must not go with it: it is sent first.
    const holds = () => !this.#isKept && this.outbox.waiting > 0;
    while (holds() && !this.outbox.isLost) {
      await new Promise((resolve) => setTimeout(resolve, RETRY));
      await this.outbox.flush();
    }
    if (holds()) byId("room").dataset.ready = "";
    else location.reload();
  }

  async #followState() {
    const { state } = this.clock;
    if (FINISHED.has(state)) await this.#leaveFor(`/attempts/${this.id}/result`);
    else if (state !== "draining" && (state === "in_progress") !== (this.view.count > 0)) {
      await this.#leaveFor(location.pathname);
    }
  }

  /** The time is over here: send what waits and wait for the server's word, which the clock asks for. */
  async #end() {
    this.#draw();
    await this.outbox.drain();
    this.#draw();
  }

  #askToSubmit() {
    openSubmit(this.view, this.outbox, () => this.#submit());
  }

  /** Hand in. Raises ApiError; true when it is done. */
  async #submit() {
    if (!(await this.uploads.drain(PATIENCE)) || !(await this.outbox.drain())) return false;
    await call("POST", `/attempts/${this.id}/submit`, { lease_id: this.lease });
    await this.#leaveFor(`/attempts/${this.id}/result`);
    return true;
  }

  async #leaveFor(address) {
    if (this.isLeaving) return;
    this.isLeaving = true;
    delete byId("room").dataset.ready;
    const isEnd = address.endsWith("/result");
    if (isEnd) await this.uploads.drain(LAST_FILES);
    while (!(await this.outbox.drain()) && this.#hasToStay(isEnd)) {
      this.#draw();
      await new Promise((resolve) => setTimeout(resolve, RETRY));
    }
    if (isEnd) {
      await this.capture?.stop();
      await this.capture?.drain(PATIENCE);
    }
    if (isEnd) location.replace(address);
    else location.reload();
  }

  /** Whether answers that cannot be sent now would come late, or go with this page for good. */
  #hasToStay(isEnd) {
    const { isOffline, isSignedOut } = this.outbox;
    return this.#isKept ? isEnd && isOffline : isOffline || isSignedOut;
  }

  /** Load the scripts that question types bring; one that fails harms its own questions only. */
  #loadModules() {
    const modules = new Set(this.data.items.map((item) => item.module).filter(Boolean));
    return Promise.all(Array.from(modules, (module) =>
      import(module)
        .then(() => {
          // Elements that came to life only now have not got their value yet.
          const inside = this.data.items.filter((item) => item.module === module);
          for (const { id } of inside) this.view.restore(id, this.view.raw(id));
        })
        .catch((error) => console.warn(`${module}: ${error.message}`)),
    ));
  }

  /** Files that an earlier page of this device could not send go on, into the answers they are for. */
  async #resumeFiles() {
    for (const [itemId, upload] of await this.uploads.resume()) {
      const section = document.querySelector(`[data-item="${itemId}"]`);
      [...(section?.querySelectorAll("[data-controls] [name]") ?? [])].find((one) => one.follow)?.follow(upload);
    }
  }

  #record() {
    this.capture = new Capture(this.store, this.data.proctoring);
    showCapture(this.capture);
    askFor(this.capture);
    this.capture.start();
  }
}

function initDisplay() {
  const { read, set } = window.examhallDisplay;
  for (const name of ["theme", "density"]) {
    for (const input of document.querySelectorAll(`#display input[name="${name}"]`)) {
      input.checked = input.value === read(name);
      input.addEventListener("change", () => set(name, input.value));
    }
  }
}

initDisplay();
new ExamRoom(JSON.parse(byId("room-data").textContent)).open();
