// The venue's offers, and the codes to show at the bar.

import { Refused } from "./api.js";
import { ask } from "./dialogs.js";
import { find, make, toast } from "./dom.js";
import { phone, randomId } from "./stored.js";
import { briefly, dateOf, timeOf } from "./times.js";

const NEEDS_PLACE = "presence_too_weak";
const MAY_CHANGE = ["at_venue", "presence"];

export class Offers {
  #session;
  #venue;
  #list = document.getElementById("offer-list");
  #note = document.getElementById("offers-note");
  #verdicts = new Map();

  constructor({ session, venue }) {
    this.#session = session;
    this.#venue = venue;
  }

  async show() {
    try {
      const offers = await this.#session.call("GET", `/offers/?venue=${this.#venue.id}&active=true`);
      await Promise.all(offers.map((offer) => this.#judge(offer)));
      this.#list.replaceChildren(...offers.map((offer) => this.#card(offer)));
      this.#note.textContent = offers.length ? "" : "No offers at the moment. Look again later.";
    } catch (error) {
      this.#note.textContent = error.message;
    }
  }

  /** Whether it can be had now, by the server's own rules; where that cannot be asked, redeeming will tell. */
  async #judge({ id }) {
    const { rules } = await this.#session.call("GET", `/offers/${id}/eligibility/`).catch(() => ({ rules: [] }));
    this.#verdicts.set(id, rules.find(({ holds }) => !holds) ?? null);
  }

  #card(offer) {
    const broken = this.#verdicts.get(offer.id);
    const voucher = this.#vouchers()[offer.id];
    const canTry = !broken || MAY_CHANGE.includes(broken.rule) || phone.read(this.#unfinishedKey(offer)) !== null;
    return make(
      "li",
      { className: "offer", data: { id: offer.id } },
      make("h3", {}, offer.title),
      offer.description ? make("p", {}, offer.description) : null,
      offer.terms ? make("p", { className: "soft" }, offer.terms) : null,
      make("p", { className: "soft" }, `Until ${dateOf(offer.expires_at)}`),
      voucher ? this.#voucherLine(offer, voucher) : null,
      canTry ? this.#redeemButton(offer) : make("p", { className: "why" }, broken.reason),
    );
  }

  #voucherLine(offer, voucher) {
    const label = `Show the code ${voucher.code}`;
    const show = () => this.#showVoucher(offer, voucher);
    return make(
      "button",
      { type: "button", className: "ticket", "aria-label": label, on: { click: show } },
      make("span", {}, voucher.code),
      make("span", { className: "soft" }, `Redeemed ${briefly(voucher.redeemed_at)}`),
    );
  }

  #redeemButton(offer) {
    const isUnfinished = phone.read(this.#unfinishedKey(offer)) !== null;
    const button = make("button", { type: "button", className: "primary" }, isUnfinished ? "Get my code" : "Redeem");
    button.addEventListener("click", async () => {
      button.disabled = true;
      await this.#redeem(offer).catch((error) => this.#explain(offer, error));
      button.disabled = false;
    });
    return button;
  }

  async #redeem(offer) {
    const question = { title: offer.title, text: "Redeem at the bar: you get a code to show right now.", yes: "Redeem now" };
    const isUnfinished = phone.read(this.#unfinishedKey(offer)) !== null;
    if (isUnfinished || (await ask(question))) await this.#claim(offer);
  }

  /** Under one key until there is an answer: asked again after a lost one, the server gives the same code again. */
  async #claim(offer) {
    const unfinished = this.#unfinishedKey(offer);
    const key = phone.read(unfinished) ?? randomId();
    phone.write(unfinished, key);
    const { redemption } = await this.#session
      .call("POST", "/venues/redeem-offer/", { body: { offer_id: offer.id }, key })
      .catch((error) => {
        if (error instanceof Refused && !error.retryAfter) phone.write(unfinished, null);
        throw error;
      });
    phone.write(this.#vouchersKey, { ...this.#vouchers(), [offer.id]: redemption });
    phone.write(unfinished, null);
    this.show();
    await this.#showVoucher(offer, redemption);
  }

  async #explain(offer, error) {
    if (error.code === NEEDS_PLACE && (await this.#proveWhere())) {
      return this.#claim(offer).catch((again) => toast(again.message));
    }
    toast(error.message);
    return this.show();
  }

  async #proveWhere() {
    const text = "This one is only for people who are really here. Share your location once to show that you are.";
    if (!(await ask({ title: "Where are you?", text, yes: "Share location" }))) return false;
    try {
      const { coords } = await new Promise((resolve, reject) => navigator.geolocation.getCurrentPosition(resolve, reject));
      const { latitude, longitude } = coords;
      await this.#session.call("POST", "/venues/check-in/", { body: { var_id: this.#venue.varId, latitude, longitude } });
      return true;
    } catch {
      return false;
    }
  }

  #showVoucher(offer, { code, redeemed_at: at }) {
    const text = `Show this at the bar. Redeemed ${dateOf(at)} at ${timeOf(at)}.`;
    return ask({ title: offer.title, text, voucher: code, yes: "Done", no: null });
  }

  #unfinishedKey({ id }) {
    return `pub.redeeming.${this.#session.user.username}.${id}`;
  }

  get #vouchersKey() {
    return `pub.vouchers.${this.#session.user.username}`;
  }

  #vouchers() {
    return phone.read(this.#vouchersKey, {});
  }

  focus() {
    find("#offers-title").focus();
  }
}
