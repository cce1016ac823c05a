/* A text to start an essay from: copied into the box when the candidate asks for it. */

import { define, tellChange } from "./picture.js";

class Start extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    const box = this.parentElement.querySelector("textarea");
    if (!button || !box) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const start = this.querySelector("pre").textContent;
      box.value = box.value.trim() ? `${start}\n${box.value}` : start;
      tellChange(box);
      box.focus();
    });
  }
}

define("eh-start", Start);
