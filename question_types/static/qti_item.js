/* QTI items: point at a picture to mark or choose, and count how often a recording was played. */

import "./file_upload.js";

function tell(element) {
  for (const name of ["input", "change"]) element.dispatchEvent(new Event(name, { bubbles: true }));
}

class Points extends HTMLElement {
  connectedCallback() {
    const picture = this.querySelector("[data-picture]");
    const layer = picture?.querySelector(".over");
    if (!layer) return;
    picture.classList.add("aim");
    picture.addEventListener("click", (event) => this.mark(event, layer));
  }

  mark(event, layer) {
    const box = layer.getBoundingClientRect();
    const { width, height } = layer.viewBox.baseVal;
    const inputs = [...this.querySelectorAll("input[type=number]")];
    const empty = inputs.findIndex((input, place) => place % 2 === 0 && input.value === "");
    const first = empty < 0 ? inputs.length - 2 : empty;
    if (first < 0 || inputs[first].matches(":disabled")) return;
    inputs[first].value = Math.round(((event.clientX - box.left) / box.width) * width);
    inputs[first + 1].value = Math.round(((event.clientY - box.top) / box.height) * height);
    tell(inputs[first]);
    tell(inputs[first + 1]);
  }
}

class Plays extends HTMLElement {
  connectedCallback() {
    const count = this.querySelector("input[type=hidden]");
    this.addEventListener("play", () => {
      if (!count.name) return;
      count.value = Number(count.value || 0) + 1;
      tell(count);
    }, true);
  }
}

/** A click on an area of a picture is a click on its control. */
function chooseArea(event) {
  const area = event.target.closest?.("eh-qti-areas [data-area]");
  if (!area) return;
  const areas = area.closest("eh-qti-areas");
  areas.querySelector(`input[value="${CSS.escape(area.dataset.area)}"]`)?.click();
}

class Areas extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", chooseArea);
  }
}

for (const [name, type] of [["eh-qti-areas", Areas], ["eh-qti-points", Points], ["eh-qti-plays", Plays]]) {
  if (!customElements.get(name)) customElements.define(name, type);
}
