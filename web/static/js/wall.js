/* The wall: live sessions as tiles, incidents as a feed, conversations with candidates. */

import { call } from "./api.js";
import { follow } from "./live.js";
import { byId } from "./pages.js";
import { Assignments } from "./wall_assign.js";
import { Conversation, Warning, initAnnounce } from "./wall_chat.js";
import { Feed } from "./wall_feed.js";
import { Frames } from "./wall_frames.js";
import { Grid } from "./wall_grid.js";
import { initKeys, moveAmong } from "./wall_keys.js";
import { followLoad } from "./wall_load.js";
import { PersonDialog } from "./wall_person.js";
import { Tile } from "./wall_tile.js";
import { setHidden, setText, spellLength } from "./wall_words.js";

const LOOK_AGAIN = 10000;
const TICK = 1000;
const DRAW = 100;
const BLUR = "examhall-blur";
const SIZE = "examhall-wall-size";
const MANY = 15;

const data = JSON.parse(byId("wall-data").textContent);
const tiles = new Map();
// Sessions that are being read, and whether something was told of them meanwhile.
const asked = new Map();
const sessionOf = (id) => tiles.get(id)?.session;
const frames = new Frames(data.exam_id, (tile) => isBlurred && tile.tone === "");
const grid = new Grid(data.user_id, changed);
const conversation = new Conversation(data, changed);
const assignments = new Assignments(data, () => [...tiles.values()], changed);
const person = new PersonDialog(data, {
  conversation,
  assignments,
  sessionOf,
  warning: new Warning(data),
  acted: (id) => refresh(id),
});
const feed = new Feed(data, { changed, person, nameOf: (id) => tiles.get(id)?.name });
let isBlurred = false;
let isDue = false;

/** Take a session as the server describes it now. */
function put(session) {
  const tile = tiles.get(session.id);
  if (session.state !== "open") remove(tile);
  else if (tile) tile.update(session);
  else {
    const added = new Tile(session);
    tiles.set(session.id, added);
    frames.add(added);
  }
  changed();
}

function remove(tile) {
  if (!tile) return;
  tiles.delete(tile.id);
  frames.remove(tile);
  tile.element.remove();
}

function replaceAll(sessions) {
  const ids = new Set(sessions.map((session) => session.id));
  for (const [id, tile] of tiles) if (!ids.has(id)) remove(tile);
  sessions.forEach(put);
  changed();
}

async function readSessions() {
  try {
    const page = await call("GET", `/proctoring/sessions?exam_id=${data.exam_id}&state=open&limit=200`);
    replaceAll(page.items);
  } catch {
    // The stream's state says that there is no connection.
  }
}

/** Read a session anew, and once more when something was told of it meanwhile: the answer may be older. */
async function refresh(id) {
  if (asked.has(id)) {
    asked.set(id, true);
    return;
  }
  asked.set(id, false);
  try {
    put(await call("GET", `/proctoring/sessions/${id}`));
  } catch {
    await readSessions();
  }
  const isOld = asked.get(id);
  asked.delete(id);
  if (isOld) await refresh(id);
}

/** Draw soon: many messages come at once. */
function changed() {
  if (isDue) return;
  isDue = true;
  setTimeout(() => requestAnimationFrame(draw), DRAW);
}

function draw() {
  isDue = false;
  const open = feed.groupOpen();
  const all = [...tiles.values()];
  for (const tile of all) {
    const tone = tile.tone;
    tile.weigh(open.get(tile.id) ?? []);
    tile.draw();
    // A picture that was blurred because nothing was to be seen becomes clear, and the other way.
    if (tone !== tile.tone && (!tone || !tile.tone)) frames.redraw(tile);
  }
  const shown = grid.arrange(all, byId("find").value.trim().toLowerCase());
  person.draw(sessionOf(person.id));
  drawCounts(all);
  drawNobody(all.length, shown.length);
  drawHealth(all);
  frames.load();
}

/** Say why there is no picture. */
function drawNobody(all, shown) {
  setHidden(byId("nobody"), shown > 0);
  const filtered = "No candidate matches. Show all, or empty the search.";
  setText(byId("nobody").querySelector("p"), all ? filtered : "Nobody is being watched here at the moment.");
}

function drawCounts(all) {
  for (const group of Object.keys(grid.groups)) count(group, grid.count(group, all));
  const { openCount } = feed;
  count("open", openCount);
  byId("open-chip").classList.toggle("bad", openCount > 0);
  setHidden(byId("open-badge"), openCount === 0);
  setHidden(byId("calm"), feed.size > 0);
  const size = localStorage.getItem(SIZE) ?? (all.length > MANY ? "small" : "large");
  if (byId("tiles").dataset.size !== size) showSize(size);
}

function count(name, number) {
  for (const element of document.querySelectorAll(`[data-n="${name}"]`)) setText(element, String(number));
}

/** Say how old the oldest picture is and how far the detectors are behind. */
function drawHealth(all) {
  for (const tile of all) tile.drawAge();
  const ages = all.filter((tile) => tile.age !== null && !tile.isOffline).map((tile) => tile.age);
  const lag = Math.max(0, ...all.map((tile) => tile.lag));
  const parts = [];
  if (ages.length) parts.push(`oldest picture ${spellLength(Math.max(...ages))}`);
  if (all.length) parts.push(lag ? `analysis ${spellLength(lag)} behind` : "analysis up to date");
  setText(byId("health"), parts.join(" · "));
  byId("health").classList.toggle("late", lag > 0);
}

const handlers = {
  snapshot({ sessions, incidents }) {
    feed.replace(incidents);
    replaceAll(sessions);
    byId("wall").dataset.ready = "";
  },
  frame({ session_id: id, at, sha256 }) {
    tiles.get(id)?.noteFrame(at, sha256);
    frames.load();
  },
  session: ({ session_id: id }) => refresh(id),
  incident(incident) {
    feed.put(incident);
    changed();
  },
  message(message) {
    if (message.sender === "candidate") refresh(message.session_id);
    conversation.take(message);
    changed();
  },
  announcement: () => conversation.read(),
  read(marks) {
    const session = sessionOf(marks.session_id);
    if (session && marks.reader === "proctor") session.unread_messages = marks.unread;
    if (asked.has(marks.session_id)) asked.set(marks.session_id, true);
    conversation.noteRead(marks);
    changed();
  },
  assignment: (told) => assignments.take(told),
  resync() {
    readSessions();
    conversation.read();
  },
};

function showConnection(isConnected) {
  byId("connection").textContent = isConnected ? "Live" : "Connection lost, trying again";
  byId("wall").dataset.connected = String(isConnected);
}

function showFilter(name) {
  grid.filter = name;
  grid.release();
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.setAttribute("aria-pressed", String(button.dataset.filter === name));
  }
  changed();
}

function showView(name) {
  byId("wall").dataset.view = name;
  for (const button of document.querySelectorAll("[data-show]")) {
    button.setAttribute("aria-pressed", String(button.dataset.show === name));
  }
}

function showSize(name) {
  byId("tiles").dataset.size = name;
  for (const button of document.querySelectorAll("[data-size-of]")) {
    button.setAttribute("aria-pressed", String(button.dataset.sizeOf === name));
  }
}

function chooseSize(name) {
  localStorage.setItem(SIZE, name);
  showSize(name);
}

function setBlur(isOn) {
  isBlurred = isOn;
  byId("blur").setAttribute("aria-pressed", String(isOn));
  byId("wall").classList.toggle("blurred", isOn);
  localStorage.setItem(BLUR, isOn ? "1" : "0");
  for (const tile of tiles.values()) frames.redraw(tile);
}

function handleClick({ target }) {
  const filter = target.closest("[data-filter]");
  if (filter) showFilter(filter.dataset.filter);
  const view = target.closest("[data-show]");
  if (view) showView(view.dataset.show);
  const size = target.closest("[data-size-of]");
  if (size) chooseSize(size.dataset.sizeOf);
  const tile = target.closest("[data-person]")?.closest(".tile");
  if (tile) person.open(tile.dataset.session);
}

/** Bring the focus to the tile or the incident that needs somebody most. */
function goToUrgent() {
  const urgent = [...tiles.values()].filter((tile) => tile.attention > 0).sort((a, b) => b.attention - a.attention);
  const here = urgent.findIndex((tile) => tile.element.contains(document.activeElement));
  urgent[(here + 1) % (urgent.length || 1)]?.parts.person.focus();
}

function actOnFocused(action) {
  const entry = document.activeElement.closest?.("#incidents > li");
  const tile = document.activeElement.closest?.(".tile");
  if (entry) feed.act(entry.dataset.incident, action);
  else if (tile && action === "message") person.write(tile.dataset.session);
  else if (tile && action === "watch") person.open(tile.dataset.session);
  else return false;
  return true;
}

function initControls() {
  document.addEventListener("click", handleClick);
  byId("find").addEventListener("input", () => {
    grid.release();
    changed();
  });
  byId("find").form.addEventListener("submit", (event) => event.preventDefault());
  byId("blur").addEventListener("click", () => setBlur(!isBlurred));
  byId("assign")?.addEventListener("click", () => assignments.open());
  setBlur(localStorage.getItem(BLUR) !== "0");
  initAnnounce(data);
  initKeys(keys());
}

function keys() {
  const acts = {
    "/": () => byId("find").focus(),
    b: () => setBlur(!isBlurred),
    s: () => chooseSize(byId("tiles").dataset.size === "small" ? "large" : "small"),
    n: goToUrgent,
    i: () => byId("incidents").querySelector('li[data-state="open"] [data-do]')?.focus(),
    a: () => byId("announce")?.showModal(),
    p: () => assignments.open(),
    w: () => actOnFocused("watch"),
    m: () => actOnFocused("message"),
    d: () => data.note && actOnFocused("dismiss"),
    "?": () => byId("keys").showModal(),
  };
  for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
    acts[key] = () => !byId("incidents").contains(document.activeElement) && moveAmong(byId("tiles"), key);
  }
  Object.keys(grid.groups).forEach((name, place) => {
    acts[String(place + 1)] = () => showFilter(name);
  });
  return acts;
}

initControls();
follow(`/api/v1/proctoring/stream?exam_id=${data.exam_id}`, handlers, showConnection);
followLoad(byId("load"));
setInterval(readSessions, LOOK_AGAIN);
setInterval(() => {
  feed.drawAges();
  changed();
}, TICK);
