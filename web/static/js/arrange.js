/* Moving the questions and sections of an exam by mouse, pen or finger.
 *
 * The handle `[data-drag]` names what is moved by its path, `[data-path]` are the things themselves
 * and `[data-list]` the lists of questions. Where something is let go is sent as the change
 * `move:from:to`, and the server draws the new order; the buttons beside are the way by keyboard.
 */

const EDGE = 64;
const STEP = 14;

let drag = null;

const isSection = (path) => path.split(".").length === 2;

function begin(event) {
  const handle = event.target.closest("[data-drag]");
  if (!handle || event.button > 0 || drag) return;
  const path = handle.dataset.drag;
  const thing = handle.closest(`[data-path="${CSS.escape(path)}"]`);
  if (!thing) return;
  event.preventDefault();
  handle.setPointerCapture(event.pointerId);
  drag = { handle, thing, path, top: event.clientY + scrollY, y: event.clientY, target: null, form: handle.closest("form") };
  thing.classList.add("dragged");
  drag.frame = requestAnimationFrame(scroll);
}

function move(event) {
  if (!drag || event.target !== drag.handle) return;
  drag.y = event.clientY;
  follow();
}

function follow() {
  drag.thing.style.transform = `translateY(${drag.y + scrollY - drag.top}px)`;
  mark(isSection(drag.path) ? sectionAt(drag.y) : itemAt(drag.y));
}

/* Near the edge of the window the page goes on by itself. */
function scroll() {
  if (!drag) return;
  const by = drag.y < EDGE ? -STEP : drag.y > innerHeight - EDGE ? STEP : 0;
  if (by) {
    window.scrollBy(0, by);
    follow();
  }
  drag.frame = requestAnimationFrame(scroll);
}

/** Return where a section would come: the element beside which, and its new path. */
function sectionAt(y) {
  const others = [...drag.form.querySelectorAll("section[data-path]")].filter((one) => one !== drag.thing);
  const place = others.findIndex((one) => y < middle(one));
  const at = place < 0 ? others.length : place;
  return { at: others[at] ?? others.at(-1), after: !others[at], path: `sections.${at}` };
}

/** Return where a question would come; the list nearest to the finger counts. */
function itemAt(y) {
  const lists = [...drag.form.querySelectorAll("[data-list]")];
  const list = lists.reduce((best, one) => (distance(one, y) < distance(best, y) ? one : best));
  const others = [...list.querySelectorAll(":scope > [data-path]")].filter((one) => one !== drag.thing);
  const place = others.findIndex((one) => y < middle(one));
  const at = place < 0 ? others.length : place;
  return { at: others[at] ?? others.at(-1) ?? list, after: !others[at], path: `${list.dataset.list}.${at}` };
}

function middle(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return (top + bottom) / 2;
}

function distance(element, y) {
  const { top, bottom } = (element.closest("section") ?? element).getBoundingClientRect();
  return y < top ? top - y : y > bottom ? y - bottom : 0;
}

function mark(target) {
  unmark();
  drag.target = target;
  target.at?.classList.add(target.after ? "drop-after" : "drop-before");
}

function unmark() {
  drag.target?.at?.classList.remove("drop-after", "drop-before");
}

function end(event) {
  if (!drag) return;
  const { path, target, form, thing } = drag;
  cancelAnimationFrame(drag.frame);
  unmark();
  drag = null;
  thing.classList.remove("dragged");
  thing.style.transform = "";
  if (event.type === "pointerup" && target && target.path !== path) send(form, `move:${path}:${target.path}`);
}

function send(form, change) {
  const button = document.createElement("button");
  Object.assign(button, { name: "_rows", value: change, hidden: true });
  form.append(button);
  form.requestSubmit(button);
  button.remove();
}

document.addEventListener("pointerdown", begin);
document.addEventListener("pointermove", move);
document.addEventListener("pointerup", end);
document.addEventListener("pointercancel", end);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drag) end(event);
});
