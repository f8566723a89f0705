// Where a message is written, or an own one changed.

import { find } from "./dom.js";

const TYPING_EVERY = 1500;
const MOST_LINES = 5;

/** Tells "send" with a text, "change" with `{message, text}`, and "typing" now and then. */
export class Composer extends EventTarget {
  #root;
  #text;
  #editing = null;
  #typedAt = 0;

  constructor(root) {
    super();
    this.#root = root;
    this.#text = find("textarea", root);
    find(".composer", root).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("keydown", (event) => this.#pressed(event));
    this.#text.addEventListener("input", () => this.#typed());
    find(".cancel-edit", root).addEventListener("click", () => this.stopEditing());
  }

  focus() {
    this.#text.focus({ preventScroll: true });
  }

  put(text) {
    this.#text.value = text;
    this.#fit();
    this.focus();
  }

  edit(message) {
    this.#editing = message;
    find(".editing", this.#root).hidden = false;
    this.put(message.message);
  }

  /** What stood there for `message`, or for any. */
  stopEditing(message = this.#editing) {
    if (!this.#editing || message !== this.#editing) return;
    this.#editing = null;
    find(".editing", this.#root).hidden = true;
    this.put("");
  }

  #submit() {
    const text = this.#text.value.trim();
    if (!text) return;
    if (this.#editing) return this.#tell("change", { message: this.#editing, text });
    this.#typedAt = 0;
    this.put("");
    this.#tell("send", text);
  }

  #pressed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape") this.stopEditing();
  }

  #typed() {
    this.#fit();
    if (this.#editing || !this.#text.value.trim() || Date.now() - this.#typedAt < TYPING_EVERY) return;
    this.#typedAt = Date.now();
    this.#tell("typing");
  }

  #fit() {
    this.#text.rows = 1;
    const { paddingTop, paddingBottom, lineHeight } = getComputedStyle(this.#text);
    const height = this.#text.scrollHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
    this.#text.rows = Math.min(Math.max(Math.round(height / parseFloat(lineHeight)), 1), MOST_LINES);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
