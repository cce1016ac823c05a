/* What all pages share: moments in the reader's own time, buttons that open dialogs. */

/** Return a moment as the reader writes it; only the time when it is today. */
export function spellMoment(value, { seconds = false, full = false } = {}) {
  const moment = new Date(value);
  const today = !full && moment.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(seconds && { second: "2-digit" }) };
  const day = { day: "numeric", month: "short", year: "numeric" };
  return moment.toLocaleString(undefined, today ? time : { ...day, ...time });
}

/** Return how long ago a moment was, shortly. */
export function spellAge(value) {
  const seconds = Math.max(0, Math.round((Date.now() - new Date(value).getTime()) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return spellMoment(value);
}

export const byId = (id) => document.getElementById(id);

function init() {
  for (const time of document.querySelectorAll("time[data-local]")) {
    const options = { seconds: "seconds" in time.dataset, full: time.dataset.local === "full" };
    if (time.dateTime) time.textContent = spellMoment(time.dateTime, options);
  }
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) byId(opener.dataset.open)?.showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
});

init();
