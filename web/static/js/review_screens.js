/* The pictures at a position, with the boxes of the incidents that they show. */

const SVG = "http://www.w3.org/2000/svg";
/* So long a picture stands for what came after it; stills of the screen are taken rarely. */
const STALE = { screen: 90000 };
const USUALLY_STALE = 15000;
const SETTLE = 80;
const PICTURES_A_SECOND = 5;
const AHEAD = 24;

export class Screens {
  #figures = [...document.querySelectorAll("figure[data-stream]")];
  #boxes = new Map();
  #timer = 0;

  constructor(recording, pieces, incidents) {
    Object.assign(this, { recording, pieces });
    for (const figure of this.#figures) {
      figure.querySelector("img").addEventListener("load", (event) => this.#drawBoxes(figure, event.target));
    }
    for (const incident of incidents) {
      for (const frame of incident.evidence) if (frame.boxes?.length) this.#boxes.set(frame.id, frame.boxes);
    }
  }

  /** The stream whose pictures are stepped through. */
  get main() {
    return this.#figures[0]?.dataset.stream ?? "microphone";
  }

  /** Show what there is at a position; `speed` is 0 in a pause. */
  draw(position, speed) {
    const apart = speed > 1 ? (speed * 1000) / PICTURES_A_SECOND : 0;
    const wanted = [];
    for (const figure of this.#figures) {
      const { stream } = figure.dataset;
      const sample = this.recording.latest(stream, position) ?? this.recording.first(stream, position);
      const stale = STALE[stream] ?? USUALLY_STALE;
      const isThere = sample !== null && position - sample.at < stale && sample.id !== null;
      const shown = isThere ? this.#nearestLoaded(sample, position - stale) : null;
      this.#show(figure, isThere, shown, sample);
      if (isThere && apart === 0) wanted.push(sample.id);
      const ahead = speed ? AHEAD : 4;
      wanted.push(...this.recording.following(stream, position, ahead, apart).map(({ id }) => id));
    }
    clearTimeout(this.#timer);
    if (speed) this.pieces.want(wanted);
    // A finger that moves over the lanes asks for nothing until it rests.
    else this.#timer = setTimeout(() => this.pieces.want(wanted), SETTLE);
  }

  /** Return the sample itself, or one shortly before it that is here already. */
  #nearestLoaded(sample, earliest) {
    for (let index = sample.index; index >= 0 && sample.index - index < 40; index -= 1) {
      const one = sample.of[index];
      if (one.at < earliest) return null;
      if (this.pieces.address(one.id)) return one;
    }
    return null;
  }

  #show(figure, isThere, shown, sample) {
    const image = figure.querySelector("img");
    const isGone = isThere && this.pieces.isGone(sample.id);
    figure.querySelector(".nopic").hidden = isThere && !isGone;
    figure.querySelector(".nopic").textContent =
      isGone || (sample && sample.id === null) ? "No longer kept" : "No picture at this moment";
    if (!isThere || isGone) image.hidden = true;
    if (!shown) return;
    image.hidden = false;
    if (figure.dataset.shown === shown.id) return;
    figure.dataset.shown = shown.id;
    image.src = this.pieces.address(shown.id);
    image.alt = `${figure.querySelector("figcaption").textContent.trim()} at ${new Date(shown.at).toTimeString().slice(0, 8)}`;
  }

  /** Lay the boxes over the picture: the drawing is fitted into the figure as the picture is. */
  #drawBoxes(figure, { naturalWidth, naturalHeight }) {
    const svg = figure.querySelector(":scope > svg");
    svg.setAttribute("viewBox", `0 0 ${naturalWidth} ${naturalHeight}`);
    const boxes = this.#boxes.get(figure.dataset.shown) ?? [];
    svg.replaceChildren(...boxes.map((box) => drawBox(box, naturalWidth, naturalHeight)));
  }
}

function drawBox({ left, top, width, height }, across, down) {
  const box = document.createElementNS(SVG, "rect");
  const values = { x: left * across, y: top * down, width: width * across, height: height * down };
  for (const [name, value] of Object.entries(values)) box.setAttribute(name, value);
  return box;
}
