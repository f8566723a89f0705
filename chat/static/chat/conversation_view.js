// A conversation on screen: its log, who is typing, and what is done with messages.

import { Composer } from "./composer.js";
import { announce, find, fromTemplate, toast } from "./dom.js";
import { ask, chooseFor } from "./dialogs.js";
import { letterElement, messageElement, place } from "./message_view.js";

const NEAR = 80;
const TYPING_LASTS = 4000;

/** Tells "seen" when everything up to `detail` was on screen, and "private" when one wants to talk to `detail` alone. */
export class ConversationView extends EventTarget {
  #conversation;
  #session;
  #isPrivate;
  #elements = new Map();
  #typers = new Map();
  #firstNew = null;
  #below = 0;
  #seenSeq;
  #shown = false;

  constructor({ conversation, session, isPrivate, seenSeq }) {
    super();
    this.#conversation = conversation;
    this.#session = session;
    this.#isPrivate = isPrivate;
    this.#seenSeq = seenSeq;
    this.root = fromTemplate("conversation");
    this.log = find(".log", this.root);
    this.list = find(".messages", this.root);
    this.composer = new Composer(this.root);
    this.#listen();
    this.#listenToPerson();
    if (conversation.loaded) this.#showAll();
    this.#showLetters();
  }

  /** Others' messages after the last one seen. */
  get unread() {
    const { messages, me } = this.#conversation;
    return messages.filter(({ seq, sender, deleted }) => seq > this.#seenSeq && sender !== me && !deleted).length;
  }

  set shown(shown) {
    if (shown && !this.#shown) {
      this.#shown = true;
      this.#markFirstNew();
      this.#toFirstNew();
    }
    this.#shown = shown;
    this.#noteSeen();
  }

  /** On a phone the composer would bring up the keyboard, over what one came to read. */
  focus() {
    const isTouched = matchMedia("(pointer: coarse)").matches;
    if (isTouched) this.log.focus({ preventScroll: true });
    else this.composer.focus();
  }

  // What the conversation tells

  #listen() {
    const tells = {
      loaded: () => this.#showAll(),
      added: ({ detail }) => this.#added(detail),
      changed: ({ detail }) => this.#changed(detail),
      older: ({ detail }) => this.#older(detail),
      pending: () => this.#showLetters(),
      typing: ({ detail }) => this.#othersType(detail),
      read: ({ detail }) => this.#othersRead(detail),
      refused: ({ detail }) => toast(detail),
    };
    for (const [name, handler] of Object.entries(tells)) this.#conversation.addEventListener(name, handler);
    document.addEventListener("visibilitychange", () => this.#noteSeen());
  }

  #showAll() {
    const { messages } = this.#conversation;
    this.#markFirstNew();
    this.list.replaceChildren(...messages.map((message) => this.#build(message)));
    messages.forEach((message, index) => this.#place(message, index));
    this.#showEdges();
    this.#toFirstNew();
    this.#noteSeen();
  }

  #added(message) {
    const wasAtEnd = this.#isAtEnd;
    const mine = message.sender === this.#conversation.me;
    if (!this.#isOnScreen && !mine && this.#firstNew === null) this.#firstNew = message.id;
    this.list.append(this.#build(message));
    this.#place(message, this.#conversation.messages.length - 1);
    this.#typers.delete(message.sender);
    this.#showTypers();
    this.#showEdges();
    if (wasAtEnd || mine) this.#toEnd();
    else this.#countBelow(this.#below + 1);
    if (this.#shown && !mine) announce(`${message.sender}: ${message.message}`);
    this.#noteSeen();
  }

  #changed(message) {
    const old = this.#elements.get(message.id);
    const wasAtEnd = this.#isAtEnd;
    const hadFocus = old.contains(document.activeElement);
    const fresh = this.#build(message);
    old.replaceWith(fresh);
    this.#place(message, this.#conversation.messages.indexOf(message));
    if (hadFocus) find("button:not([hidden])", fresh)?.focus();
    if (wasAtEnd) this.#toEnd();
    if (message.deleted) this.composer.stopEditing(message);
  }

  #older(messages) {
    const height = this.log.scrollHeight;
    this.list.prepend(...messages.map((message) => this.#build(message)));
    messages.forEach((message, index) => this.#place(message, index));
    const next = this.#conversation.messages[messages.length];
    if (next) this.#place(next, messages.length);
    this.#showEdges();
    this.log.scrollTop += this.log.scrollHeight - height;
  }

  #showLetters() {
    const wasAtEnd = this.#isAtEnd;
    const letters = this.#conversation.outbox.shown.map((letter) =>
      letterElement(letter, { onDismiss: () => this.#conversation.dismiss(letter.clientId) }),
    );
    find(".pending", this.root).replaceChildren(...letters);
    this.#showEdges();
    if (wasAtEnd) this.#toEnd();
  }

  #othersType(user) {
    clearTimeout(this.#typers.get(user));
    const stop = () => {
      this.#typers.delete(user);
      this.#showTypers();
    };
    this.#typers.set(user, setTimeout(stop, TYPING_LASTS));
    this.#showTypers();
  }

  #showTypers() {
    const names = [...this.#typers.keys()];
    const who = names.length > 2 ? "Several people are" : `${names.join(" and ")} ${names.length > 1 ? "are" : "is"}`;
    find(".typing", this.root).textContent = names.length ? `${who} typing…` : "";
  }

  #othersRead({ user, seq }) {
    if (!this.#isPrivate || user === this.#conversation.me) return;
    const mine = this.#conversation.messages.filter((one) => one.sender === this.#conversation.me && one.seq <= seq);
    for (const note of this.list.querySelectorAll(".seen")) note.hidden = true;
    const last = mine.at(-1);
    if (last) find(".seen", this.#elements.get(last.id)).hidden = false;
  }

  // What the person does

  #listenToPerson() {
    this.composer.addEventListener("typing", () => this.#conversation.typing());
    this.composer.addEventListener("change", ({ detail }) => this.#saveEdit(detail));
    this.composer.addEventListener("send", ({ detail }) => {
      this.#conversation.post(detail);
      this.#toEnd();
    });
    this.log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    find(".older", this.root).addEventListener("click", () => this.#loadOlder());
    find(".latest", this.root).addEventListener("click", () => {
      this.#toEnd();
      this.#noteSeen();
      this.focus();
    });
  }

  async #saveEdit({ message, text }) {
    const isSame = text === message.message;
    if (isSame || (await this.#try("PATCH", `/messages/${message.id}/`, { message: text }))) {
      this.composer.stopEditing(message);
    }
  }

  async #options(message) {
    const mine = message.sender === this.#conversation.me;
    const { action, emoji } = await chooseFor(message, { mine, isPrivate: this.#isPrivate });
    if (action === "react") await this.#react(message, emoji);
    if (action === "edit") this.composer.edit(message);
    if (action === "delete") await this.#delete(message);
    if (action === "private") this.dispatchEvent(new CustomEvent("private", { detail: message.sender }));
  }

  #react(message, emoji) {
    return this.#try("POST", `/messages/${message.id}/reactions/`, { emoji });
  }

  async #delete(message) {
    const question = { title: "Delete this message?", text: "It disappears for everybody.", yes: "Delete", no: "Keep it" };
    if (await ask(question)) await this.#try("DELETE", `/messages/${message.id}/`);
  }

  /** What it changes comes back through the socket, in its place among everything else. */
  async #try(method, path, body) {
    try {
      await this.#session.call(method, path, { body });
      return true;
    } catch (error) {
      toast(error.message);
      return false;
    }
  }

  #scrolled() {
    if (this.log.scrollTop < NEAR && this.#shown) this.#loadOlder();
    if (this.#isAtEnd) this.#countBelow(0);
    this.#noteSeen();
  }

  #loadOlder() {
    this.#conversation.loadOlder().catch((error) => toast(error.message));
  }

  // Inside

  #build(message) {
    const element = messageElement(message, {
      mine: message.sender === this.#conversation.me,
      onOptions: () => this.#options(message),
      onReact: (emoji) => this.#react(message, emoji),
    });
    this.#elements.set(message.id, element);
    return element;
  }

  #place(message, index) {
    const before = this.#conversation.messages[index - 1];
    place(this.#elements.get(message.id), message, before, message.id === this.#firstNew);
  }

  /** The mark of what is new stays where it is until one looks away and comes back. */
  #markFirstNew() {
    const { messages, me } = this.#conversation;
    const old = messages.find(({ id }) => id === this.#firstNew);
    const first = messages.find(({ seq, sender }) => seq > this.#seenSeq && sender !== me);
    this.#firstNew = this.#seenSeq > 0 ? (first?.id ?? null) : null;
    for (const message of [old, first]) {
      if (message && this.#elements.has(message.id)) this.#place(message, messages.indexOf(message));
    }
  }

  #toFirstNew() {
    const mark = find(".heading.new", this.list);
    if (mark && this.#shown) mark.scrollIntoView({ block: "center" });
    else this.#toEnd();
  }

  #toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.#countBelow(0);
  }

  get #isAtEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR;
  }

  get #isOnScreen() {
    return this.#shown && document.visibilityState === "visible";
  }

  #noteSeen() {
    if (!this.#isOnScreen || !this.#isAtEnd || !this.#conversation.loaded) return;
    const last = this.#conversation.messages.at(-1)?.seq ?? 0;
    if (last <= this.#seenSeq) return;
    this.#seenSeq = last;
    this.dispatchEvent(new CustomEvent("seen", { detail: last }));
  }

  #countBelow(count) {
    this.#below = count;
    const button = find(".latest", this.root);
    button.hidden = count === 0;
    find(".count", button).textContent = count === 1 ? "1 new message" : `${count} new messages`;
  }

  #showEdges() {
    const { hasOlder, loaded, messages, outbox } = this.#conversation;
    find(".older", this.root).hidden = !hasOlder;
    find(".empty", this.root).hidden = !loaded || messages.length > 0 || outbox.shown.length > 0;
  }
}
