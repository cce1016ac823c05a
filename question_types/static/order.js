/* Items that are dragged into their order. Each item's menu has its position: the menus are what is
   answered with, and by keyboard; dragging changes them. */

import { define, Enhanced, letDrag, tellChange } from "./picture.js";

class Order extends Enhanced {
  #isNumbering = false;

  listen() {
    this.list = this.querySelector("ul");
    if (this.selects().some((select) => select.disabled)) return;
    this.classList.add("live");
    for (const item of this.items()) {
      this.#letMove(item);
      const select = item.querySelector("select");
      select.addEventListener("change", () => this.#moveTo(item, Number(select.value)));
    }
  }

  items() {
    return [...this.list.querySelectorAll("[data-entry]")];
  }

  selects() {
    return this.items().map((item) => item.querySelector("select"));
  }

  #letMove(item) {
    letDrag(item.querySelector(".grip"), {
      start: () => {
        item.classList.add("moving");
        return item;
      },
      move: (_, x, y) => this.#follow(item, x, y),
      end: () => {
        item.classList.remove("moving");
        this.#number();
      },
    });
  }

  /** Put the dragged item before or behind the one under the pointer. */
  #follow(item, x, y) {
    const over = document.elementFromPoint(x, y)?.closest("[data-entry]");
    if (!over || over === item || over.parentElement !== this.list) return;
    const items = this.items();
    if (items.indexOf(over) > items.indexOf(item)) over.after(item);
    else over.before(item);
  }

  /** Carry out what was chosen in a menu; the items in between move up or down. */
  #moveTo(item, position) {
    if (!position || this.#isNumbering) return;
    const others = this.items().filter((other) => other !== item);
    this.#arrange([...others.slice(0, position - 1), item, ...others.slice(position - 1)]);
    this.#number();
    this.say(`Position ${position} of ${others.length + 1}`);
  }

  /** Write into the menus where the items stand. */
  #number() {
    this.#isNumbering = true;
    for (const [n, select] of this.selects().entries()) select.value = String(n + 1);
    tellChange(this.selects()[0]);
    this.#isNumbering = false;
  }

  /** Bring the items into an order; the menu that is in use keeps the focus. */
  #arrange(items) {
    const current = this.items();
    if (items.every((item, n) => item === current[n])) return;
    const focused = this.contains(document.activeElement) ? document.activeElement : null;
    this.list.append(...items);
    focused?.focus({ preventScroll: true });
  }

  /** Show the items in the order that the menus tell; one without a position stays where it is. */
  draw() {
    const place = (item) => Number(item.querySelector("select").value);
    const items = this.items();
    const placed = items.filter(place).sort((one, other) => place(one) - place(other));
    this.#arrange(items.map((item) => (place(item) ? placed.shift() : item)));
  }
}

define("eh-sequence", Order);
