/* Items that are dragged into their order. Each item's menu has its position: the menus are what is
   answered with, and by keyboard; dragging changes them. */

import { define, Enhanced, letDrag, tellChange } from "./picture.js";

class Order extends Enhanced {
  listen() {
    this.list = this.querySelector("ul");
    this.isLocked = this.selects().some((select) => select.disabled);
    if (this.isLocked) return;
    this.classList.add("live");
    for (const item of this.items()) {
      this.#letMove(item);
      const select = item.querySelector("select");
      select.addEventListener("change", (event) => event.isTrusted && this.#moveTo(item, Number(select.value)));
    }
  }

  items() {
    return [...this.list.querySelectorAll("[data-item]")];
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
    const over = document.elementFromPoint(x, y)?.closest("[data-item]");
    if (!over || over === item || over.parentElement !== this.list) return;
    const items = this.items();
    if (items.indexOf(over) > items.indexOf(item)) over.after(item);
    else over.before(item);
  }

  /** Carry out what was chosen in a menu; the items in between move up or down. */
  #moveTo(item, position) {
    if (!position) return;
    const focused = document.activeElement;
    const others = this.items().filter((other) => other !== item);
    const behind = others[position - 1];
    if (behind) behind.before(item);
    else others.at(-1)?.after(item);
    this.#number();
    focused?.focus();
    this.say(`Position ${position} of ${others.length + 1}`);
  }

  /** Write into the menus where the items stand. */
  #number() {
    for (const [n, select] of this.selects().entries()) select.value = String(n + 1);
    tellChange(this.selects()[0]);
  }

  /** Show the items in the order that the menus tell. */
  draw() {
    const place = (item) => Number(item.querySelector("select").value) || Infinity;
    const items = this.items();
    const sorted = items.toSorted((one, other) => place(one) - place(other) || 0);
    if (sorted.some((item, n) => item !== items[n])) this.list.append(...sorted);
  }
}

define("eh-order", Order);
