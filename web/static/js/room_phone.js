/* The candidate's side of a phone as room camera: the code to scan, and whether the phone is there. */

import { call } from "./api.js";
import { byId, spellMoment } from "./pages.js";

const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const WORDS = {
  none: ["", "No phone is connected yet."],
  connected: ["ok", "The phone is connected."],
  lost: ["bad", "The phone is not connected any more."],
};

/**
 * Whether a phone is connected: `state` is none, connected or lost, `wanted` off, optional or
 * required. `pairing` is the code that is good at present, or null. Event `change` after each change.
 */
export class RoomPhone extends EventTarget {
  #silence = 0;
  #life = 0;
  #lostAfter = 15000;

  wanted = "off";
  state = "none";
  pairing = null;
  problem = "";

  constructor(attemptId) {
    super();
    this.path = `/attempts/${attemptId}/room-camera`;
  }

  get isConnected() {
    return this.state === "connected";
  }

  /** Ask the server how it is; without an answer all stays as it was. */
  async look() {
    const answer = await call("GET", this.path).catch(() => null);
    if (!answer) return;
    this.wanted = answer.wanted;
    this.#lostAfter = answer.lost_after * 1000;
    this.heard(answer);
  }

  /** Take what the live stream says: every picture that the phone sends, and when it leaves. */
  heard({ state }) {
    clearTimeout(this.#silence);
    if (state === "connected") {
      this.#silence = setTimeout(() => this.#change({ state: "lost" }), this.#lostAfter);
      this.#endCode();
    }
    this.#change({ state });
  }

  /** Have a new code made; older ones are worthless then. */
  async makeCode() {
    this.#endCode();
    try {
      const pairing = await call("POST", this.path);
      const life = Date.parse(pairing.expires_at) - Date.now();
      // By a computer whose clock is wrong the code would seem to last for hours, or to be over.
      this.#life = setTimeout(() => this.#endCode(), Math.min(Math.max(life, 60000), 300000));
      this.#change({ pairing, problem: "" });
    } catch (error) {
      this.#change({ problem: error.message });
    }
  }

  #endCode() {
    clearTimeout(this.#life);
    if (this.pairing) this.#change({ pairing: null });
  }

  #change(values) {
    Object.assign(this, values);
    this.dispatchEvent(new Event("change"));
  }
}

/** Draw a phone's state into every element of `root` that is there for it. */
function drawState(root, phone) {
  const [tone, words] = WORDS[phone.state];
  for (const dot of root.querySelectorAll("[data-dot]")) dot.className = `dot ${tone}`;
  for (const element of root.querySelectorAll("[data-words]")) {
    if (element.textContent !== words) element.textContent = words;
  }
}

/** Show the code of a phone in `root`, and make a new one when asked. */
export function showPairing(root, phone) {
  const part = (name) => root.querySelector(`[data-${name}]`);
  const draw = () => {
    const { pairing, problem, isConnected } = phone;
    drawState(root, phone);
    part("qr").hidden = !pairing;
    part("there").hidden = !isConnected;
    part("by-hand").hidden = part("life").hidden = !pairing;
    part("how").hidden = isConnected;
    part("local").hidden = isConnected || !LOCAL.test(location.hostname);
    if (pairing) {
      part("qr").src = pairing.picture;
      part("code").textContent = pairing.code;
      part("where").textContent = pairing.address.replace(/^https?:\/\//, "");
      part("life").textContent = `The code is good once, until ${spellMoment(pairing.expires_at)}.`;
    }
    part("problem").textContent = problem;
    part("problem").hidden = !problem;
    part("new-code").lastElementChild.textContent = isConnected ? "Use another phone" : "Show a new code";
  };
  part("new-code").addEventListener("click", () => phone.makeCode());
  phone.addEventListener("change", draw);
  draw();
}

/** Show the phone beside the questions. Returns null where the exam wants none. */
export function openRoomPhone(attemptId) {
  if (!byId("room-phone")) return null;
  const phone = new RoomPhone(attemptId);
  showPairing(byId("pair"), phone);
  let wasConnected = false;
  phone.addEventListener("change", () => {
    wasConnected ||= phone.isConnected;
    drawState(byId("room-phone"), phone);
    byId("room-phone").querySelector("[data-do]").textContent = phone.isConnected ? "Use another phone" : "Connect a phone";
    byId("room-phone").classList.toggle("broken", phone.state === "lost");
    byId("ask-phone").hidden = phone.isConnected || !(wasConnected || phone.state === "lost" || phone.wanted === "required");
    byId("room").dataset.phone = phone.state;
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-pair]") && !phone.isConnected) phone.makeCode();
  });
  phone.look();
  return phone;
}

/**
 * The step of the check-in. `follow` follows the attempt's live stream; returns what is called when
 * the step is shown.
 */
export function openRoomStep(attemptId, follow) {
  const step = byId("room-camera-step");
  if (!step) return () => {};
  const phone = new RoomPhone(attemptId);
  showPairing(step, phone);
  let isFollowing = false;
  phone.addEventListener("change", () => {
    byId("room-camera-done").disabled = phone.wanted === "required" && !phone.isConnected;
    step.dataset.phone = phone.state;
  });
  return async () => {
    if (!isFollowing) {
      isFollowing = true;
      const look = () => phone.look();
      follow(`/api/v1/attempts/${attemptId}/stream`, { room_camera: (seen) => phone.heard(seen), resync: look });
    }
    await phone.look();
    if (!phone.isConnected) await phone.makeCode();
  };
}
