/* Keeps authors' forms in place: what a button changes is fetched and put in where it stands.
 *
 * The server answers every form with a whole page, so all of it works without this script, too.
 *   data-swap="#id"   on a form: put this part of the answer in, instead of a new page
 *   data-live="#id"   on a form: refresh this part while its owner types
 *   data-guard        on a form: ask before what was typed is left behind
 *   data-full         on a button: load the whole page after all
 */

const TYPING_PAUSE = 500;
/* After so long without a word from the server a full page is only asked for when it knows us still. */
const CONTACT = 60000;
let dirty = false;
let underway = null;
let metAt = performance.now();

async function send(form, submitter, signal) {
  const body = new URLSearchParams(new FormData(form, submitter));
  const response = await fetch(form.action, { method: "POST", body, signal });
  if (!(response.headers.get("Content-Type") || "").startsWith("text/html")) throw new Error("no page");
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  // 400 is the answer to a token of another session.
  metAt = wantsSignIn(response) || response.status === 400 ? -Infinity : performance.now();
  return { page, response };
}

function wantsSignIn(response) {
  return response.redirected && new URL(response.url).pathname === "/sign-in";
}

/* Ask for this page again: whether we are signed in still, and for the token of the session. */
async function meet(form) {
  try {
    const response = await fetch(location.href);
    if (wantsSignIn(response)) return sayParted(form);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const token = page.querySelector('input[name="csrf_token"]')?.value;
    for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token || input.value;
  } catch {
    return sayParted(form, "The server cannot be reached. What you typed is still here: try again soon.");
  }
  metAt = performance.now();
  form.querySelector("[data-parted]")?.remove();
  return true;
}

/* What was typed would be lost with the page: say beside it why it is not stored. Returns false. */
function sayParted(form, text = "") {
  const notice = form.querySelector("[data-parted]") ?? document.createElement("div");
  const line = document.createElement("p");
  const words = line.appendChild(Object.assign(document.createElement("span"), { textContent: text }));
  Object.assign(notice, { className: "notice bad", tabIndex: -1 });
  notice.dataset.parted = "";
  notice.setAttribute("role", "alert");
  if (!text) {
    const link = Object.assign(document.createElement("a"), { className: "link", href: "/sign-in", target: "_blank" });
    link.textContent = "sign in in a new window";
    words.append("You are signed out. What you typed is still here: ", link, ", then save again.");
  }
  notice.replaceChildren(line);
  form.prepend(notice);
  return false;
}

async function pressAgain(form, submitter) {
  const known = await meet(form);
  underway = null;
  if (known) form.requestSubmit(submitter);
  else form.querySelector("[data-parted]")?.focus();
}

function put(page, selector) {
  const fresh = page.querySelector(selector);
  const old = document.querySelector(selector);
  if (!fresh || !old) return false;
  old.replaceWith(document.adoptNode(fresh));
  const said = page.querySelector("#messages");
  if (said?.childElementCount) document.querySelector("#messages")?.replaceChildren(...said.children);
  document.querySelectorAll('input[name="csrf_token"]').forEach((input) => {
    input.value = page.querySelector('input[name="csrf_token"]')?.value || input.value;
  });
  return true;
}

function focusOn(id) {
  const target = id && document.getElementById(id);
  if (!target) return;
  if (id.startsWith("add-")) {
    const row = target.dataset.pressed && [...target.parentElement.querySelectorAll(":scope > ol > li")].pop();
    const first = row && (row.querySelector("textarea, select:not(.rt-bar select), input:not([type=hidden], [type=checkbox])") || row.querySelector("input:not([type=hidden])"));
    (first || target).focus();
  } else {
    (target.disabled ? target.parentElement.querySelector("button:not([disabled])") : target)?.focus();
  }
}

function onSubmit(event) {
  const form = event.target;
  const submitter = event.submitter;
  const selector = form.dataset.swap;
  if (underway) {
    // The answer under way may replace this form: press its button again afterwards.
    event.preventDefault();
    underway.then(() => (document.getElementById(submitter?.id) ?? submitter)?.click());
    return;
  }
  if (form.hasAttribute("data-guard") && performance.now() - metAt > CONTACT) {
    event.preventDefault();
    underway = pressAgain(form, submitter);
    return;
  }
  if (!selector || submitter?.hasAttribute("data-full")) {
    // A form beside the one that was typed in would throw that away: the browser asks then.
    if (form.hasAttribute("data-guard")) dirty = false;
    return;
  }
  event.preventDefault();
  underway = swap(form, submitter, selector);
}

async function swap(form, submitter, selector) {
  const pressed = submitter?.id;
  form.setAttribute("aria-busy", "true");
  try {
    const { page, response } = await send(form, submitter);
    if (form.hasAttribute("data-guard") && wantsSignIn(response)) {
      underway = null;
      form.removeAttribute("aria-busy");
      sayParted(form);
      form.querySelector("[data-parted]").focus();
      return;
    }
    if (response.redirected && new URL(response.url).pathname !== location.pathname) {
      dirty = false;
      underway = new Promise(() => {});
      location.assign(response.url);
      return;
    }
    if (!put(page, selector)) throw new Error("another page");
    // Only what was stored is answered with another address.
    if (response.redirected && form.hasAttribute("data-guard")) dirty = false;
    const focus = document.querySelector(`${selector} [data-focus]`)?.dataset.focus || document.querySelector(selector).dataset.focus || pressed;
    const button = document.getElementById(focus);
    if (button && submitter?.value?.startsWith("add:")) button.dataset.pressed = "1";
    const problems = document.querySelector(`${selector} #problems`);
    if (problems) problems.focus();
    else focusOn(focus);
    start();
    underway = null;
  } catch {
    underway = null;
    // Without a network a full page would come to nothing, and take what was typed with it.
    metAt = -Infinity;
    form.removeAttribute("aria-busy");
    form.removeAttribute("data-swap");
    form.requestSubmit(submitter);
  }
}

function keepLive(form) {
  let timer;
  let running;
  const refresh = async () => {
    running?.abort();
    running = new AbortController();
    const button = form.querySelector('button[value="preview"]');
    try {
      const { page, response } = await send(form, button, running.signal);
      if (wantsSignIn(response)) sayParted(form);
      else put(page, form.dataset.live);
      start();
    } catch {
      /* The next change tries again. */
    }
  };
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, TYPING_PAUSE);
  });
}

/* Times are kept in UTC; beside each stands what that is where the author is. */
function showLocalTime(element) {
  const input = element.querySelector("input");
  const output = element.querySelector("output");
  const show = () => {
    const moment = input.value && new Date(`${input.value}Z`);
    const valid = moment && !Number.isNaN(moment.getTime());
    output.value = valid ? `Here: ${moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}` : "";
  };
  input.addEventListener("input", show);
  show();
}

/* Parts that belong to some choices: shown and sent while one of them is made. */
function followChoice(part) {
  const control = document.getElementById(part.dataset.of);
  if (!control) return;
  const follow = () => {
    const value = control.type === "checkbox" ? String(control.checked) : control.value;
    part.hidden = part.disabled = !part.dataset.when.split(" ").includes(value);
  };
  control.addEventListener("change", follow);
  follow();
}

function start() {
  if (document.querySelector("eh-html-field")) import("./rich_text.js");
  if (document.querySelector("eh-image-field")) import("./image_field.js");
  for (const { dataset } of document.querySelectorAll("[data-module]")) {
    import(dataset.module).catch((error) => console.warn(`${dataset.module}: ${error.message}`));
  }
  for (const form of document.querySelectorAll("form[data-live]:not([data-started])")) {
    form.dataset.started = "1";
    keepLive(form);
  }
  for (const element of document.querySelectorAll("eh-moment:not([data-started])")) {
    element.dataset.started = "1";
    showLocalTime(element);
  }
  for (const part of document.querySelectorAll("[data-when]:not([data-started])")) {
    part.dataset.started = "1";
    followChoice(part);
  }
}

document.addEventListener("submit", onSubmit);
document.addEventListener("input", (event) => { if (event.target.closest("form[data-guard]")) dirty = true; });
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});
window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
start();
document.querySelector("#problems")?.focus();
if (location.hash.length > 1) focusOn(decodeURIComponent(location.hash.slice(1)));
