/* Areas of a picture: a press on an area is a press on its box in the list. */

import { define, Enhanced } from "./picture.js";

class Hotspot extends Enhanced {
  listen() {
    for (const area of this.querySelectorAll("[data-area]")) {
      area.addEventListener("click", () => this.#box(area).click());
    }
    for (const [type, isOn] of [["focusin", true], ["focusout", false]]) {
      this.addEventListener(type, ({ target }) => {
        const isSeen = isOn && target.matches(":focus-visible");
        this.querySelector(`[data-area="${target.value}"]`)?.classList.toggle("focus", isSeen);
      });
    }
  }

  #box(area) {
    return this.querySelector(`input[value="${area.dataset.area}"]`);
  }

  draw() {
    for (const area of this.querySelectorAll("[data-area]")) {
      const isOn = this.#box(area).checked;
      area.classList.toggle("on", isOn);
      area.nextElementSibling.classList.toggle("on", isOn);
    }
  }
}

define("eh-hotspot", Hotspot);
