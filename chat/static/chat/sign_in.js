// Signing in: by a code that comes by e-mail, by password, or as somebody new.

import { call } from "./api.js";
import { find } from "./dom.js";
import { tab } from "./stored.js";

const ASKED = "pub.asked_code";
const ASKED_LASTS = 5 * 60_000;

/** Tells "signed-in" with the server's answer. */
export class SignIn extends EventTarget {
  #venue;
  #root = document.getElementById("welcome");

  constructor(venue) {
    super();
    this.#venue = venue;
    this.#submits("ask-code", (given) => this.#askCode(given));
    this.#submits("enter-code", (given) => this.#enterCode(given));
    this.#submits("by-password", (given) => this.#byPassword(given));
    this.#submits("register", (given) => this.#register(given));
    for (const button of this.#root.querySelectorAll(".choice button")) {
      button.addEventListener("click", () => this.#choose(button.dataset.form));
    }
    find("#other-address").addEventListener("click", () => {
      tab.write(ASKED, null);
      this.#choose("ask-code");
    });
  }

  /** Who went to read their mail and comes back to a page loaded anew finds the field for the code. */
  show(why = "") {
    this.#root.hidden = false;
    const asked = tab.read(ASKED);
    if (asked && Date.now() - asked.at < ASKED_LASTS) this.#awaitCode(asked.email);
    else this.#choose("ask-code");
    this.#refuse(this.#form, why);
  }

  hide() {
    this.#root.hidden = true;
    for (const form of this.#root.querySelectorAll("form")) form.reset();
  }

  async #askCode({ username, email }) {
    await call("POST", "/customers/login/passwordless/", { body: { username, email, var_id: this.#venue.varId } });
    tab.write(ASKED, { email, at: Date.now() });
    this.#awaitCode(email);
  }

  #awaitCode(email) {
    find("#code-address").textContent = email;
    this.#choose("enter-code");
    find("#otp").focus();
  }

  async #enterCode({ otp }) {
    const { email } = tab.read(ASKED, { email: find("#code-address").textContent });
    const body = { email, otp: otp.replaceAll(" ", "") };
    this.#signedIn(await call("POST", "/customers/login/validate-otp/", { body }));
    tab.write(ASKED, null);
  }

  async #byPassword({ username, password }) {
    const body = { username, password, venue: this.#venue.id };
    this.#signedIn(await call("POST", "/login/customer/", { body }));
  }

  async #register({ username, email, password }) {
    await call("POST", "/register/customer/", { body: { username, email, password } });
    await this.#byPassword({ username, password });
  }

  #signedIn(answer) {
    this.dispatchEvent(new CustomEvent("signed-in", { detail: answer }));
  }

  // The forms

  get #form() {
    return find("form:not([hidden])", this.#root);
  }

  #choose(id) {
    for (const form of this.#root.querySelectorAll("form")) form.hidden = form.id !== id;
    const shown = id === "enter-code" ? "ask-code" : id;
    for (const button of this.#root.querySelectorAll(".choice button")) {
      button.setAttribute("aria-pressed", String(button.dataset.form === shown));
    }
    this.#refuse(this.#form, "");
  }

  #submits(id, act) {
    const form = document.getElementById(id);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = find("button.primary", form);
      button.disabled = true;
      this.#refuse(form, "");
      await act(Object.fromEntries(new FormData(form))).catch((error) => this.#refuse(form, error.message));
      button.disabled = false;
    });
  }

  #refuse(form, why) {
    find(".refusal", form).textContent = why;
  }
}
