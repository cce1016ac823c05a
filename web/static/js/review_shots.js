/* Evidence in a page: pictures and sound, by links that only this reader can use. */

import { call } from "./api.js";
import { byId } from "./pages.js";

const BATCH = 100;

async function show(figure, { url, content_type }) {
  const isSound = content_type.startsWith("audio/");
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(String(response.status));
  if (content_type === "application/json") {
    say(figure, await response.text());
    return;
  }
  const address = URL.createObjectURL(await response.blob());
  const element = document.createElement(isSound ? "audio" : "img");
  if (isSound) element.controls = true;
  else element.alt = `What was recorded: ${figure.textContent.trim()}`;
  element.src = address;
  figure.prepend(element);
}

function say(figure, text) {
  const line = document.createElement("p");
  line.className = "sub";
  line.textContent = text;
  figure.prepend(line);
}

async function fill(path, figures) {
  const ids = [...new Set(figures.map(({ dataset }) => dataset.shot))];
  const { links } = await call("POST", path, { ids });
  const found = new Map(links.map((link) => [link.id, link]));
  for (const figure of figures) {
    const link = found.get(figure.dataset.shot);
    try {
      if (!link) throw new Error("purged");
      await show(figure, link);
    } catch {
      say(figure, "It is no longer kept.");
    }
  }
}

async function init() {
  const { links } = JSON.parse(byId("shots-data").textContent);
  const figures = [...document.querySelectorAll("figure[data-shot]")];
  for (let start = 0; start < figures.length; start += BATCH) {
    const some = figures.slice(start, start + BATCH);
    await fill(links, some).catch((error) => some.forEach((figure) => say(figure, error.message)));
  }
}

init();
