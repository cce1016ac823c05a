/* How detection keeps up: which detectors look less often while chunks wait. */

import { call } from "./api.js";

const LOOK_AGAIN = 10000;

/** Say in `element` which detectors look less often than usual, now and from then on. */
export async function followLoad(element) {
  try {
    const { detectors } = await call("GET", "/detection/load");
    element.textContent = wordsFor(detectors.filter((one) => one.is_slowed));
  } catch {
    // The wall says by itself that the connection is lost; this is asked again.
  }
  setTimeout(() => followLoad(element), LOOK_AGAIN);
}

function wordsFor(slowed) {
  if (!slowed.length) return "";
  const parts = slowed.map(({ title, present }) => `${title} every ${Number(present.toPrecision(2))} s`);
  return `Much is coming in, so detectors look less often: ${parts.join(", ")}.`;
}
