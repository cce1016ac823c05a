/* A scale with a handle; the number beside it is the answer, and empty until there is one. */

import { define, Enhanced, setControl } from "./picture.js";

class Slider extends Enhanced {
  listen() {
    this.range = this.querySelector("[data-range]");
    this.number = this.querySelector("input:not([type=range])");
    this.middle = this.range.defaultValue;
    const take = () => setControl(this.number, this.range.value);
    this.range.addEventListener("input", take);
    // The middle is an answer too: a press or Enter takes it without a movement.
    this.range.addEventListener("pointerup", take);
    this.range.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      take();
    });
    this.number.addEventListener("input", () => this.draw());
    this.querySelector("[data-clear]")?.addEventListener("click", () => setControl(this.number, ""));
  }

  draw() {
    const text = this.number.value.trim().replace(",", ".");
    const isSet = text !== "" && !Number.isNaN(Number(text));
    this.range.value = isSet ? text : this.middle;
    this.range.toggleAttribute("data-unset", !isSet);
    this.range.setAttribute("aria-valuetext", isSet ? this.range.value : "Not set");
    const { min, max, value } = this.range;
    const share = (100 * (value - min)) / (max - min);
    this.range.style.setProperty("--fill", isSet ? `${share}%` : "0%");
  }
}

define("eh-slider", Slider);
