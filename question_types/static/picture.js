/* What the questions about pictures share: drawing after every change, telling, dragging. */

/** Define an element once: several question types bring a copy of the same script. */
export function define(name, type) {
  if (!customElements.get(name)) customElements.define(name, type);
}

/** Set a control as if the candidate had. */
export function setControl(control, value) {
  if (control.value === value) return;
  control.value = value;
  tellChange(control);
}

/**
 * Call back when a list has its final value: at once where it was set from outside, else when the
 * candidate leaves it, for arrow keys pass through every value on their way.
 */
export function whenSettled(select, callBack) {
  let isOpen = false;
  select.addEventListener("change", () => {
    isOpen = select === document.activeElement;
    if (!isOpen) callBack();
  });
  select.addEventListener("blur", () => {
    if (isOpen) callBack();
    isOpen = false;
  });
}

export function tellChange(element) {
  for (const name of ["input", "change"]) element.dispatchEvent(new Event(name, { bubbles: true }));
}

/** An element around controls that draws them in another way; `listen` and `draw` are its own. */
export class Enhanced extends HTMLElement {
  connectedCallback() {
    if (this.isReady) return;
    this.isReady = true;
    this.listen();
    this.addEventListener("change", () => this.draw());
    this.closest("[data-controls]")?.addEventListener("restored", () => this.draw());
    this.draw();
  }

  /** Say something to those who listen instead of looking. */
  say(text) {
    const line = this.querySelector("[data-say]");
    if (line) line.textContent = text;
  }

  /** Return the layer over the picture for what is placed on it. */
  layer() {
    const layer = document.createElement("div");
    layer.className = "layer";
    this.querySelector("[data-picture]").append(layer);
    return layer;
  }
}

/** Put an element at a place of the picture, given in its pixels. */
export function place(element, x, y, { width, height }) {
  element.style.left = `${(100 * x) / width}%`;
  element.style.top = `${(100 * y) / height}%`;
}

const FAR = 6;

/**
 * Let an element be dragged. `start(event)` returns what follows the pointer, or nothing where there
 * is nothing to drag; then come `move(x, y)` and `end(x, y)` in the window's pixels. A press without a
 * movement stays a click.
 */
export function letDrag(element, { start, move, end }) {
  element.addEventListener("pointerdown", (down) => {
    if (down.button !== 0) return;
    let dragged = null;
    const follow = (event) => {
      if (event.pointerId !== down.pointerId) return;
      const far = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY);
      if (!dragged && far < FAR) return;
      dragged ??= start(down);
      if (dragged) move(dragged, event.clientX, event.clientY);
    };
    const finish = (event) => {
      if (event.pointerId !== down.pointerId) return;
      for (const [name, handler] of handlers) removeEventListener(name, handler);
      if (!dragged) return;
      // The click that follows is none.
      addEventListener("click", swallow, { capture: true, once: true });
      setTimeout(() => removeEventListener("click", swallow, { capture: true }));
      end(dragged, event.clientX, event.clientY, event.type === "pointercancel");
    };
    const handlers = [["pointermove", follow], ["pointerup", finish], ["pointercancel", finish]];
    for (const [name, handler] of handlers) addEventListener(name, handler);
  });
}

function swallow(event) {
  event.preventDefault();
  event.stopPropagation();
}

/** A copy of a label that follows the pointer. */
export class Ghost {
  constructor(label) {
    this.element = label.cloneNode(true);
    this.element.classList.add("ghost");
    this.element.removeAttribute("id");
    document.body.append(this.element);
  }

  move(x, y) {
    this.element.style.left = `${x}px`;
    this.element.style.top = `${y}px`;
  }

  remove() {
    this.element.remove();
  }
}
