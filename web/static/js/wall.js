/* The wall: live sessions as tiles, incidents as a feed. */

import { call } from "./api.js";
import { follow } from "./live.js";
import { byId } from "./pages.js";
import { Feed } from "./wall_feed.js";
import { PersonDialog } from "./wall_person.js";
import { Tile } from "./wall_tile.js";

const LOOK_AGAIN = 10000;
const REFRESH = 1000;
const BLUR = "examhall-blur";

const data = JSON.parse(byId("wall-data").textContent);
const tiles = new Map();
const feed = new Feed(data, changed);
const person = new PersonDialog(data, (id) => refresh(id));
let filter = "all";
let isDue = false;

const inGroup = {
  all: () => true,
  attention: (tile) => tile.tone === "bad",
  noted: (tile) => tile.tone === "warn",
  offline: (tile) => tile.isOffline,
};

/** Take a session as the server describes it now. */
function put(session) {
  if (session.state !== "open") {
    tiles.get(session.id)?.end();
    tiles.delete(session.id);
  } else if (tiles.has(session.id)) tiles.get(session.id).update(session);
  else tiles.set(session.id, new Tile(session));
  changed();
}

function replaceAll(sessions) {
  const ids = new Set(sessions.map((session) => session.id));
  for (const [id, tile] of tiles) {
    if (!ids.has(id)) {
      tile.end();
      tiles.delete(id);
    }
  }
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

async function refresh(id) {
  try {
    put(await call("GET", `/proctoring/sessions/${id}`));
  } catch {
    await readSessions();
  }
}

/** Draw soon: many messages come at once. */
function changed() {
  if (isDue) return;
  isDue = true;
  setTimeout(draw, 100);
}

function draw() {
  isDue = false;
  for (const tile of tiles.values()) tile.draw(feed.openOf(tile.id));
  person.draw(tiles.get(person.id)?.session);
  const words = byId("find").value.trim().toLowerCase();
  const all = [...tiles.values()];
  const shown = all
    .filter((tile) => inGroup[filter](tile) && tile.matches(words))
    .sort((a, b) => b.attention - a.attention || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
  arrange(shown.map((tile) => tile.element));
  byId("nobody").hidden = all.length > 0;
  for (const [group, test] of Object.entries(inGroup)) count(group, all.filter(test).length);
  count("open", feed.openCount);
  byId("open-chip").classList.toggle("bad", feed.openCount > 0);
  byId("calm").hidden = feed.size > 0;
}

function count(name, number) {
  for (const element of document.querySelectorAll(`[data-n="${name}"]`)) element.textContent = number;
}

/** Bring tiles into order, touching only what moved: focus and pictures stay. */
function arrange(elements) {
  const list = byId("tiles");
  const wanted = new Set(elements);
  for (const element of [...list.children]) if (!wanted.has(element)) element.remove();
  elements.forEach((element, n) => {
    if (list.children[n] !== element) list.insertBefore(element, list.children[n] ?? null);
  });
}

const handlers = {
  snapshot({ sessions, incidents }) {
    feed.replace(incidents);
    replaceAll(sessions);
    byId("wall").dataset.ready = "";
  },
  frame: ({ session_id, at, sha256 }) => tiles.get(session_id)?.noteFrame(at, sha256),
  session: ({ session_id }) => refresh(session_id),
  incident(incident) {
    feed.put(incident);
    changed();
  },
  resync: readSessions,
};

function showConnection(isConnected) {
  byId("connection").textContent = isConnected ? "Live" : "Connection lost, trying again";
  byId("wall").dataset.connected = String(isConnected);
}

function initControls() {
  document.addEventListener("click", (event) => {
    const filterButton = event.target.closest("[data-filter]");
    if (filterButton) {
      filter = filterButton.dataset.filter;
      press("[data-filter]", filterButton);
      changed();
    }
    const view = event.target.closest("[data-show]");
    if (view) {
      byId("wall").dataset.view = view.dataset.show;
      press("[data-show]", view);
    }
    const tile = event.target.closest("[data-person]")?.closest(".tile");
    if (tile) person.open(tiles.get(tile.dataset.session).session);
  });
  byId("find").addEventListener("input", changed);
  byId("find").form.addEventListener("submit", (event) => event.preventDefault());
  initBlur();
}

function press(selector, pressed) {
  for (const button of document.querySelectorAll(selector)) {
    button.setAttribute("aria-pressed", String(button === pressed));
  }
}

function initBlur() {
  const button = byId("blur");
  const set = (isOn) => {
    button.setAttribute("aria-pressed", String(isOn));
    byId("wall").classList.toggle("blurred", isOn);
    localStorage.setItem(BLUR, isOn ? "1" : "0");
  };
  button.addEventListener("click", () => set(button.getAttribute("aria-pressed") !== "true"));
  set(localStorage.getItem(BLUR) !== "0");
}

initControls();
follow(`/api/v1/proctoring/stream?exam_id=${data.exam_id}`, handlers, showConnection);
setInterval(readSessions, LOOK_AGAIN);
setInterval(() => {
  for (const tile of tiles.values()) tile.load();
  feed.drawAges();
  changed();
}, REFRESH);
