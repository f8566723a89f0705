// The venue's group: everybody who is here.

import { call } from "./api.js";
import { Conversation } from "./conversation.js";
import { ConversationView } from "./conversation_view.js";
import { find, make } from "./dom.js";
import { offerIceBreaker } from "./ice_breaker.js";
import { phone } from "./stored.js";

// One's own coming is counted a moment after one has come.
const COUNTED_AFTER = 1500;

/** Tells "unread" when their number may have changed, and "private" with the name of who to talk to alone. */
export class Group extends EventTarget {
  #venue;
  #session;
  #online = null;
  #people = new Set();
  #seenKey;
  #recount;

  constructor({ session, venue, checkIn }) {
    super();
    this.#venue = venue;
    this.#session = session;
    this.#seenKey = `pub.seen.${venue.id}.${session.user.username}`;
    this.conversation = new Conversation({
      session,
      name: `group-${venue.id}`,
      historyPath: `/group/${encodeURIComponent(venue.varId)}/history/`,
      socketPath: `/ws/group/${encodeURIComponent(venue.varId)}/`,
      rejoin: checkIn,
    });
    const seenSeq = phone.read(this.#seenKey, 0);
    this.view = new ConversationView({ conversation: this.conversation, session, isPrivate: false, seenSeq });
    find("#chat").replaceChildren(this.view.root);
    offerIceBreaker(this.view.root, (text) => this.view.composer.put(text));
    this.#listen();
  }

  start() {
    this.#showStanding();
    this.conversation.start();
  }

  stop() {
    clearTimeout(this.#recount);
    this.conversation.stop();
  }

  #listen() {
    const { conversation, view } = this;
    const noteUnread = () => this.dispatchEvent(new Event("unread"));
    conversation.addEventListener("loaded", () => conversation.messages.forEach(({ sender }) => this.#meet(sender)));
    conversation.addEventListener("loaded", noteUnread);
    conversation.addEventListener("added", ({ detail }) => this.#meet(detail.sender));
    conversation.addEventListener("added", noteUnread);
    conversation.addEventListener("presence", ({ detail }) => {
      if (detail.type === "user_joined") this.#meet(detail.user);
      this.#online = detail.online;
      this.#showStanding();
    });
    conversation.addEventListener("standing", () => this.#stands());
    view.addEventListener("seen", ({ detail }) => {
      phone.write(this.#seenKey, detail);
      noteUnread();
    });
    view.addEventListener("private", ({ detail }) => this.dispatchEvent(new CustomEvent("private", { detail })));
  }

  #stands() {
    this.#showStanding();
    clearTimeout(this.#recount);
    if (this.conversation.standing !== "live") return;
    this.#count();
    this.#recount = setTimeout(() => this.#count(), COUNTED_AFTER);
  }

  /** Others' comings and goings say how many are here; how many there were before, the welcome knows. */
  async #count() {
    const welcome = await call("GET", `/v/${encodeURIComponent(this.#venue.varId)}/`).catch(() => null);
    if (welcome) this.#online = welcome.online;
    this.#showStanding();
  }

  #showStanding() {
    const { standing, reason } = this.conversation;
    const online = Math.max(this.#online ?? 1, 1);
    const texts = {
      connecting: navigator.onLine ? "Connecting…" : "No network. Messages are kept and sent later.",
      live: `${online} here`,
      over: `${reason} Please scan the code on the bar’s screen again.`,
    };
    find("#standing").dataset.standing = standing;
    find("#standing-text").textContent = texts[standing];
  }

  #meet(name) {
    if (name === this.#session.user.username || this.#people.has(name)) return;
    this.#people.add(name);
    find("#people").append(make("option", { value: name }));
  }
}
