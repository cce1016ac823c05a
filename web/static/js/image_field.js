/* A field for a picture: the reference that is sent, and a button that uploads one. */

import { call } from "./api.js";

const PATIENCE = 600000;

class ImageField extends HTMLElement {
  connectedCallback() {
    if (this.isReady) return;
    this.isReady = true;
    this.input = this.querySelector("input");
    this.picture = Object.assign(document.createElement("img"), { alt: "" });
    this.file = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", hidden: true });
    this.button = Object.assign(document.createElement("button"), { type: "button", className: "btn sm", textContent: "Upload" });
    this.button.setAttribute("aria-label", `Upload: ${this.#name()}`);
    this.line = Object.assign(document.createElement("p"), { className: "hint" });
    this.line.setAttribute("role", "status");
    this.append(this.button, this.file, this.picture, this.line);
    this.button.addEventListener("click", () => this.file.click());
    this.file.addEventListener("change", () => this.#send());
    for (const type of ["input", "change"]) this.file.addEventListener(type, (event) => event.stopPropagation());
    this.input.addEventListener("input", () => this.#show());
    this.#show();
  }

  #name() {
    return (document.querySelector(`label[for="${CSS.escape(this.input.id)}"]`)?.firstChild?.textContent ?? "picture").trim();
  }

  async #send() {
    const [file] = this.file.files;
    this.file.value = "";
    if (!file) return;
    this.button.disabled = true;
    this.line.textContent = "Being sent …";
    try {
      const form = new FormData();
      form.append("file", file, file.name);
      const { reference } = await call("POST", "/media", form, { patience: PATIENCE });
      this.isNew = true;
      this.line.textContent = `${file.name} was uploaded.`;
      this.#set(this.input, reference);
    } catch (error) {
      this.line.textContent = error.message;
    } finally {
      this.button.disabled = false;
      this.button.focus();
    }
  }

  #show() {
    const address = this.input.value.trim().replace(/^media:(?=[0-9a-f]{64}$)/, "/media/");
    this.picture.hidden = !/^(\/(?![/\\])|data:image\/)/.test(address);
    if (this.picture.hidden) return;
    this.picture.onload = () => this.#measure();
    this.picture.onerror = () => (this.picture.hidden = true);
    this.picture.src = address;
  }

  /** A new picture says how large it is, where the form asks. */
  #measure() {
    if (!this.isNew) return;
    this.isNew = false;
    const start = this.input.name.replace(/[^.]*$/, "");
    for (const [name, value] of [["width", this.picture.naturalWidth], ["height", this.picture.naturalHeight]]) {
      const field = this.input.form?.elements[start + name];
      if (field && value) this.#set(field, String(value));
    }
  }

  #set(field, value) {
    field.value = value;
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  }
}

if (!customElements.get("eh-image-field")) customElements.define("eh-image-field", ImageField);
