/* The screen: sharing it, and how many there are. */

import { DeviceError, explain } from "./recorder.js";

const REASONS = {
  NotAllowedError: ["denied", "The screen is not shared. Press the button and choose your whole screen."],
  InvalidStateError: ["denied", "The screen is not shared. Press the button and choose your whole screen."],
};

export const canShare = () => Boolean(navigator.mediaDevices?.getDisplayMedia);

/** Ask for the whole screen; only right after the candidate pressed something. Raises DeviceError. */
export async function openScreen() {
  if (!canShare()) {
    throw new DeviceError("insecure", "This browser cannot share a screen. Tell the people who run the exam.");
  }
  let media;
  try {
    media = await navigator.mediaDevices.getDisplayMedia({
      video: { displaySurface: "monitor", frameRate: { max: 5 } },
      audio: false,
      monitorTypeSurfaces: "include",
      surfaceSwitching: "exclude",
      selfBrowserSurface: "exclude",
    });
  } catch (error) {
    throw explain(error, REASONS, "The screen could not be shared. Try again.");
  }
  const { displaySurface } = media.getVideoTracks()[0].getSettings();
  if (displaySurface && displaySurface !== "monitor") {
    media.getTracks().forEach((track) => track.stop());
    throw new DeviceError("denied", "That was a window or a tab. Share again and choose your whole screen.");
  }
  return media;
}

/** Return how many displays there are, null where the browser does not say. Nobody is asked. */
export async function countDisplays() {
  const permission = await navigator.permissions?.query({ name: "window-management" }).catch(() => null);
  if (permission?.state === "granted" && window.getScreenDetails) {
    const details = await window.getScreenDetails().catch(() => null);
    if (details) return details.screens.length;
  }
  if (screen.isExtended === undefined) return null;
  return screen.isExtended ? 2 : 1;
}
