/* The question before handing in: what is open, what is flagged, and is it meant? */

import { byId } from "./pages.js";

let isBusy = false;

/** Ask; `submit` hands in, returns false while answers wait, and raises ApiError. */
export function openSubmit(view, outbox, submit) {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
  const open = view.numbers("open");
  const flagged = view.numbers("flagged");
  byId("submit-open").hidden = open.length === 0;
  byId("submit-open").querySelector("p span").textContent =
    open.length === 1 ? "1 question is not answered:" : `${open.length} questions are not answered:`;
  byId("submit-open").querySelector("ul").replaceChildren(...open.map(link));
  byId("submit-complete").hidden = open.length > 0;
  byId("submit-flagged").hidden = flagged.length === 0;
  byId("submit-flagged").textContent = `Flagged for later: ${flagged.join(", ")}`;
  say("");
  byId("submit-now").onclick = () => confirm(outbox, submit);
  byId("submit").showModal();
}

function link(number) {
  const entry = document.createElement("li");
  const anchor = document.createElement("a");
  Object.assign(anchor, { href: `#q${number}`, textContent: number, className: "qtile" });
  anchor.dataset.goto = number;
  anchor.setAttribute("aria-label", `Go to question ${number}`);
  entry.append(anchor);
  return entry;
}

async function confirm(outbox, submit) {
  if (isBusy) return;
  isBusy = true;
  byId("submit-now").disabled = true;
  say("");
  try {
    if (!(await submit())) say(reason(outbox));
  } catch (error) {
    say(error.status === 0 ? "There is no connection. Your answers are kept; try again soon." : error.message);
  } finally {
    isBusy = false;
    byId("submit-now").disabled = false;
  }
}

function reason(outbox) {
  if (outbox.isLost) return "The exam is open in another window. Hand it in there, or take over here first.";
  if (outbox.isSignedOut) return "You are signed out. Sign in again, then hand in.";
  if (outbox.refused.length) return "An answer could not be saved. Change it, then hand in.";
  return "Some answers are not saved yet, because there is no connection. They are kept; try again soon.";
}

function say(text) {
  byId("submit-problem").hidden = !text;
  byId("submit-problem").textContent = text;
}
