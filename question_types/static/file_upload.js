/* Files as an answer: chosen or dropped, sent at once, listed with what became of each. */

import { define, FileControl, player, readLine, send, spellSize, writeLine } from "./handed_in.js";

const WORDS = {
  sending: "Being sent",
  waiting: "Waits for the connection; it is kept on this device",
  refused: "Not taken",
};

class Files extends FileControl {
  #uploads = new Set();

  start() {
    this.input = this.querySelector("input[type=file]");
    this.input.addEventListener("change", (event) => {
      event.stopPropagation();
      this.#take([...this.input.files]);
      this.input.value = "";
    });
    this.input.addEventListener("input", (event) => event.stopPropagation());
    for (const type of ["dragover", "drop"]) this.addEventListener(type, (event) => this.#drop(event));
  }

  get most() {
    return Number(this.dataset.most);
  }

  #drop(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    if (event.type === "drop") this.#take([...event.dataTransfer.files]);
  }

  #take(files) {
    for (const upload of this.#uploads) if (upload.state === "refused") this.#uploads.delete(upload);
    for (const file of files) {
      const isFull = this.value.length + this.#uploads.size >= this.most;
      if (isFull && this.most === 1 && this.value.length === 1) this.replaced = this.value[0];
      else if (isFull) {
        this.say(`Only ${this.most} files can be handed in. ${file.name} was not added.`);
        this.#show({ state: "refused", name: file.name, message: `There are ${this.most} files already.` });
        continue;
      }
      if (file.size > Number(this.dataset.bytes)) {
        this.#show({ state: "refused", name: file.name, message: `It is larger than ${spellSize(Number(this.dataset.bytes))}.` });
      } else this.follow(send(this, file, file.name));
    }
  }

  #show(upload) {
    this.#uploads.add(upload);
    this.draw();
  }

  /** Show an upload, and take its file into the answer once it is stored. */
  follow(upload) {
    this.#uploads.add(upload);
    const look = () => {
      if (upload.state === "stored") {
        this.#uploads.delete(upload);
        const kept = this.value.filter((line) => line !== this.replaced);
        this.replaced = null;
        this.change([...kept, writeLine(upload.result)].slice(0, this.most));
        this.say(`${upload.name} was sent.`);
      } else if (upload.state === "refused") this.say(`${upload.name} was not taken. ${upload.message}`);
      this.draw();
    };
    upload.addEventListener("change", look);
    look();
  }

  draw() {
    const entries = [
      ...this.value.map((line) => this.#entry(line)),
      ...[...this.#uploads].map((upload) => this.#waiting(upload)),
    ];
    this.querySelector("[data-list]").replaceChildren(...entries);
  }

  #entry(line) {
    const file = readLine(line);
    const entry = document.createElement("li");
    const shown = player(file.type, file.address, file.name);
    const link = document.createElement("a");
    Object.assign(link, { href: file.address, download: file.name, className: "link", textContent: file.name });
    entry.append(...[shown, link].filter(Boolean), words(spellSize(file.size)));
    entry.append(button(`Remove ${file.name}`, "Remove", () => {
      this.change(this.value.filter((other) => other !== line));
      this.say(`${file.name} was removed.`);
      this.input.focus();
    }));
    return entry;
  }

  #waiting(upload) {
    const entry = document.createElement("li");
    entry.className = upload.state === "refused" ? "bad" : "muted";
    entry.append(words(upload.name), words(`${WORDS[upload.state] ?? ""}${upload.message ? `: ${upload.message}` : ""}`));
    if (upload.state === "refused") {
      entry.append(button(`Dismiss ${upload.name}`, "Dismiss", () => {
        this.#uploads.delete(upload);
        this.draw();
        this.input.focus();
      }));
    }
    return entry;
  }
}

function words(text) {
  return Object.assign(document.createElement("span"), { textContent: text });
}

function button(label, text, act) {
  const made = Object.assign(document.createElement("button"), { type: "button", className: "btn sm", textContent: text });
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

define("eh-files", Files);
