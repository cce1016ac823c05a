/* What the exam room says about itself: saving, the time, banners. */

import { sayTime, spellTime } from "./clock.js";
import { byId, spellMoment } from "./pages.js";

const HIDDEN = "examhall-timer-hidden";

/** Draw whether the answers are saved. "Saved" is only said after the server said so. */
export function drawSaving(outbox, isRunning) {
  const { kind, icon, text, brief } = describe(outbox, isRunning);
  const room = byId("room");
  const isNew = room.dataset.save !== kind;
  room.dataset.save = kind;
  room.dataset.waiting = outbox.waiting;
  for (const element of document.querySelectorAll("[data-save]:not(#room)")) {
    element.classList.toggle("pending", kind === "saving");
    element.classList.toggle("trouble", ["offline", "lost"].includes(kind));
    element.classList.toggle("broken", ["refused", "signed-out"].includes(kind));
    for (const one of element.querySelectorAll("[data-icon]")) one.hidden = one.dataset.icon !== icon;
    element.querySelector("[data-save-text]").textContent = "short" in element.dataset ? brief : text;
    const time = kind === "saved" && outbox.savedAt && !("short" in element.dataset);
    element.querySelector("[data-save-time]").textContent = time
      ? spellMoment(outbox.savedAt, { seconds: true })
      : "";
  }
  if (isNew && kind !== "saving") byId("save-live").textContent = text;
}

function describe(outbox, isRunning) {
  const count = outbox.waiting;
  const answers = count === 1 ? "1 answer waits" : `${count} answers wait`;
  if (outbox.isLost) {
    return { kind: "lost", icon: "alert", text: count ? `Read-only, ${answers}` : "Read-only", brief: "Read-only" };
  }
  if (outbox.isSignedOut) {
    return { kind: "signed-out", icon: "alert", text: `Signed out, ${answers}`, brief: `${count} waiting` };
  }
  if (outbox.isOffline) {
    return { kind: "offline", icon: "offline", text: `Offline, ${answers}`, brief: `Offline, ${count} waiting` };
  }
  if (outbox.refused.length) {
    const text = outbox.refused.length === 1 ? "1 answer not saved" : `${outbox.refused.length} answers not saved`;
    return { kind: "refused", icon: "alert", text, brief: "Not saved" };
  }
  if (count) return { kind: "saving", icon: "saving", text: "Saving…", brief: "Saving…" };
  if (!isRunning) return { kind: "saved", icon: "saved", text: "Nothing to save", brief: "" };
  return { kind: "saved", icon: "saved", text: "All answers saved", brief: "Saved" };
}

/** Draw the timer, let it be hidden, and say when little time is left. */
export function startTimer(clock) {
  const time = byId("time");
  const button = byId("hide-timer");
  let isHidden = localStorage.getItem(HIDDEN) === "1";

  const draw = () => {
    const left = clock.remaining;
    byId("timer").hidden = left === null;
    if (left === null) return;
    time.dateTime = `PT${Math.ceil(left)}S`;
    time.textContent = isHidden ? "hidden" : spellTime(left);
    time.classList.toggle("muted", isHidden);
    byId("timer").classList.toggle("late", !isHidden && left <= 60);
    button.setAttribute("aria-pressed", String(isHidden));
    button.setAttribute("aria-label", isHidden ? "Show the timer" : "Hide the timer");
  };
  button.addEventListener("click", () => {
    isHidden = !isHidden;
    localStorage.setItem(HIDDEN, isHidden ? "1" : "");
    draw();
  });
  clock.addEventListener("tick", draw);
  clock.addEventListener("mark", ({ detail }) => announce(`${sayTime(detail.seconds)} left.`));
  clock.addEventListener("state", ({ detail }) => {
    if (detail.from.version !== clock.version && clock.remaining !== null && clock.state === "in_progress") {
      announce(`Your time was changed. ${sayTime(clock.remaining)} left.`);
    }
  });
  draw();
}

/** Say something to those who listen, when they have finished what they do. */
export function announce(text) {
  byId("announce").textContent = "";
  setTimeout(() => {
    byId("announce").textContent = text;
  }, 50);
}

/** Show the banner that matters most; null for none. Returns its element. */
export function drawBanner(kind) {
  const banner = byId("banner");
  if (banner.dataset.kind === (kind ?? "")) return banner;
  banner.dataset.kind = kind ?? "";
  banner.replaceChildren();
  banner.hidden = !kind;
  if (kind) banner.append(byId(`banner-${kind}`).content.cloneNode(true));
  banner.classList.toggle("bad", ["refused", "signed-out"].includes(kind));
  return banner;
}
