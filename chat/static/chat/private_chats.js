// Private chats: which there are, how much in them is unread, and the one that is open.
//
// There is no socket for all of them: the list is read again every so often, and whenever one looks at it.

import { Conversation } from "./conversation.js";
import { ConversationView } from "./conversation_view.js";
import { find, make, tintOf, toast } from "./dom.js";
import { initial } from "./message_view.js";
import { Outbox } from "./outbox.js";
import { briefly } from "./times.js";

const LOOK_EVERY = 20_000;

/** Tells "unread" when their number may have changed. */
export class PrivateChats extends EventTarget {
  #session;
  #chats = [];
  #open = null;
  #delivering = new Map();
  #shown = false;
  #timer;
  #overview = document.getElementById("private-overview");
  #room = document.getElementById("private-chat");

  constructor(session) {
    super();
    this.#session = session;
    find("#new-chat").addEventListener("submit", (event) => {
      event.preventDefault();
      this.openWith(find("#new-chat-name").value.trim());
    });
    find("#private-back").addEventListener("click", () => this.close());
    document.addEventListener("visibilitychange", () => this.look());
  }

  start() {
    this.#deliverUnsent();
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY);
  }

  get unread() {
    return this.#chats.reduce((sum, chat) => sum + this.#unreadIn(chat), 0);
  }

  set shown(shown) {
    this.#shown = shown;
    if (this.#open) this.#open.view.shown = shown;
    if (shown) this.look();
  }

  focus() {
    if (this.#open) this.#open.view.focus();
    else find("#private-title").focus();
  }

  stop() {
    clearInterval(this.#timer);
    this.#open?.conversation.stop();
    for (const conversation of this.#delivering.values()) conversation.stop();
  }

  async look() {
    if (document.visibilityState !== "visible" || !this.#session.user) return;
    try {
      this.#chats = (await this.#session.call("GET", "/private/list/")).chats;
      this.#show("");
    } catch (error) {
      this.#show(this.#chats.length ? "" : error.message);
    }
  }

  /** Tells whether there is such a chat now, open on screen. */
  async openWith(username) {
    if (!username) return false;
    try {
      const { chat_id: id } = await this.#session.call("POST", "/private/create/", { body: { username } });
      find("#new-chat").reset();
      this.#enter(id, username);
      return true;
    } catch (error) {
      toast(error.status === 404 ? `There is nobody called ${username}.` : error.message);
      return false;
    }
  }

  close() {
    const { id, conversation, view } = this.#open;
    this.#open = null;
    view.shown = false;
    this.#deliver(id, conversation);
    this.#room.hidden = true;
    this.#overview.hidden = false;
    this.look();
    this.focus();
  }

  // The list

  #show(note) {
    const empty = this.#chats.length ? "" : "Nobody yet. Tap a message in the chat, or enter a name above.";
    find("#private-note").textContent = note || empty;
    find("#chat-list").replaceChildren(...this.#chats.map((chat) => this.#row(chat)));
    this.dispatchEvent(new Event("unread"));
  }

  #row(chat) {
    const { chat_id: id, participant, last_message: last } = chat;
    const unread = this.#unreadIn(chat);
    const preview = !last ? "Say hello" : last.deleted ? "Deleted" : last.message;
    const open = () => this.#enter(id, participant);
    const button = make(
      "button",
      { type: "button", className: "chat-row", on: { click: open } },
      make("span", { className: `avatar ${tintOf(participant)}`, "aria-hidden": "true" }, initial(participant)),
      make("span", { className: "chat-name" }, participant),
      make("time", { className: "soft", dateTime: chat.updated_at }, briefly(chat.updated_at)),
      make("span", { className: "preview soft" }, last?.sender === this.#session.user.username ? `You: ${preview}` : preview),
      unread ? make("span", { className: "badge", "aria-label": `${unread} unread` }, String(unread)) : null,
    );
    return make("li", { data: { chat: id } }, button);
  }

  #unreadIn(chat) {
    return this.#open?.id === chat.chat_id && this.#shown ? 0 : chat.unread_count;
  }

  // The open one

  #enter(id, participant) {
    if (this.#open) this.close();
    const conversation = this.#takeBack(id) ?? this.#conversation(id);
    const view = new ConversationView({ conversation, session: this.#session, isPrivate: true, seenSeq: 0 });
    this.#open = { id, conversation, view };
    view.addEventListener("seen", ({ detail }) => this.#seen(id, detail));
    conversation.addEventListener("presence", ({ detail }) => this.#presence(id, participant, detail));
    conversation.addEventListener("standing", () => this.#standing(id, conversation));
    find("#private-name").textContent = participant;
    find("#private-room").replaceChildren(view.root);
    this.#standing(id, conversation);
    this.#overview.hidden = true;
    this.#room.hidden = false;
    view.shown = this.#shown;
    view.focus();
  }

  #conversation(id) {
    const conversation = new Conversation({
      session: this.#session,
      name: `private-${id}`,
      historyPath: `/private/${id}/history/`,
      socketPath: `/ws/private/${id}/`,
      rejoin: async () => {},
    });
    conversation.start();
    return conversation;
  }

  /** What was seen is told to the server, which remembers it; without the network that waits for the next time. */
  async #seen(id, seq) {
    await this.#session.call("POST", `/private/${id}/read/`, { body: { seq } }).catch(() => {});
    this.look();
  }

  #presence(id, participant, { type, user }) {
    if (this.#open?.id !== id || user !== participant) return;
    find("#private-standing").textContent = type === "user_joined" ? "Here now" : "";
  }

  #standing(id, conversation) {
    if (this.#open?.id !== id) return;
    const texts = { connecting: "Connecting…", live: "", over: conversation.reason };
    find("#private-standing").textContent = texts[conversation.standing];
  }

  // What is still to be sent, when nobody looks

  #deliverUnsent() {
    for (const room of Outbox.rooms(this.#session.user.username)) {
      const id = Number(room.match(/^private-(\d+)$/)?.[1]);
      if (id) this.#deliver(id, this.#conversation(id));
    }
  }

  #deliver(id, conversation) {
    if (conversation.outbox.isEmpty) return conversation.stop();
    this.#delivering.set(id, conversation);
    conversation.addEventListener("pending", () => {
      if (!conversation.outbox.isEmpty || this.#delivering.get(id) !== conversation) return;
      this.#delivering.delete(id);
      conversation.stop();
    });
  }

  #takeBack(id) {
    const conversation = this.#delivering.get(id);
    this.#delivering.delete(id);
    return conversation;
  }
}
