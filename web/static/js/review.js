/* The review of one session: pictures, sound, lanes and incidents follow one position. */

import { byId, spellMoment } from "./pages.js";
import { EventLog } from "./review_events.js";
import { IncidentList } from "./review_incidents.js";
import { initKeys } from "./review_keys.js";
import { Lanes } from "./review_lanes.js";
import { Pieces } from "./review_pieces.js";
import { Player } from "./review_player.js";
import { Recording } from "./review_recording.js";
import { Screens } from "./review_screens.js";
import { Sound } from "./review_sound.js";

const data = JSON.parse(byId("review-data").textContent);
const start = Date.parse(data.start);
const end = Date.parse(data.end);

/** Return a position as 1:02:03 after the beginning. */
export function spellPosition(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const pieces = new Pieces(data.session_id);
const recording = new Recording(data.session_id, start, end);
const player = new Player(start, end);
const screens = new Screens(recording, pieces, data.incidents);
const sound = new Sound(recording, pieces, data.streams.includes("microphone"));
const lanes = new Lanes(player, spellPosition);
const list = new IncidentList(data, player, pieces, lanes);
const log = new EventLog(player);

recording.onWindow = (window) => {
  log.add(window.events);
  player.tell();
};
recording.onState = (text) => {
  byId("loading").textContent = text;
};
pieces.onLoaded = () => screens.draw(player.position, player.isPlaying ? player.speed : 0);
pieces.onProblem = recording.onState;

player.onChange = () => {
  const { position, isPlaying, speed } = player;
  byId("position").textContent = spellPosition(position - start);
  recording.need(position);
  screens.draw(position, isPlaying ? speed : 0);
  sound.follow(position, isPlaying, speed);
  lanes.draw(position);
  list.follow(position);
  const button = document.querySelector('[data-do="play"]');
  button.setAttribute("aria-pressed", String(isPlaying));
  button.setAttribute("aria-label", isPlaying ? "Pause" : "Play");
};

const actions = {
  play: () => player.toggle(),
  back: () => player.seek(player.position - 10000),
  "frame-back": () => stepFrame(-1),
  frame: () => stepFrame(1),
  previous: () => list.jump(-1),
  next: () => list.jump(1),
  "zoom-in": () => lanes.zoom(1),
  "zoom-out": () => lanes.zoom(-1),
  mute: () => {
    const isOn = sound.toggle();
    document.querySelector('[data-do="mute"]')?.setAttribute("aria-pressed", String(isOn));
    player.tell();
  },
};

async function stepFrame(direction) {
  player.pause();
  const at = await recording.step(screens.main, player.position, direction);
  if (at !== null) player.seek(at);
}

function init() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) actions[button.dataset.do]?.();
    const moment = event.target.closest("[data-at]");
    if (moment) player.seek(Date.parse(moment.dataset.at));
  });
  byId("speed").addEventListener("change", () => player.setSpeed(Number(byId("speed").value)));
  for (const time of document.querySelectorAll("time[data-clock]")) {
    const seconds = new Date(time.dateTime).toTimeString().slice(0, 8);
    time.textContent = seconds;
    time.title = spellMoment(time.dateTime, { full: true, seconds: true });
  }
  for (const time of document.querySelectorAll(".axis time")) {
    time.textContent = new Date(time.dateTime).toTimeString().slice(0, end - start < 300000 ? 8 : 5);
  }
  byId("length").textContent = spellPosition(end - start);
  pieces.fillPhotos(document.querySelectorAll("[data-photo]"));
  initKeys({ ...actions, player, list, sound });
  initCounted();
  player.tell();
  byId("review").dataset.ready = "";
}

function initCounted() {
  const form = byId("decide");
  if (!form) return;
  const count = () => {
    const boxes = document.querySelectorAll('input[name="incident"]:checked:enabled');
    byId("counted").textContent = boxes.length;
  };
  document.addEventListener("change", count);
  list.onJudged = count;
  count();
}

init();
