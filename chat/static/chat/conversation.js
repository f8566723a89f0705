// One conversation as this phone knows it: its messages in the server's order, each once, whatever the network does.
//
// Everything durable has a `seq`. After (re)connecting the page asks for what came after the last one it has; until the
// server says "resumed", whatever arrives is held and then taken in order. What is sent stays in the outbox until its ack.

import { Connection } from "./connection.js";
import { Outbox } from "./outbox.js";

const PAGE = 50;
const SETTLES_AFTER = 2_000;

/** Tells "loaded", "added", "changed", "older", "pending", "standing", "typing", "read", "presence", "refused". */
export class Conversation extends EventTarget {
  messages = [];
  hasOlder = false;
  loaded = false;

  #session;
  #historyPath;
  #rejoin;
  #connection;
  #byId = new Map();
  #loadedAt = new Map();
  #lastSeq = 0;
  #held = new Map();
  #missed = [];
  #loading = 0;

  /** `rejoin` asks to be let in again after the room was closed to us; it raises Refused when that is over. */
  constructor({ session, name, historyPath, socketPath, rejoin }) {
    super();
    this.#session = session;
    this.#historyPath = historyPath;
    this.#rejoin = rejoin;
    this.me = session.user.username;
    this.outbox = new Outbox(this.me, name);
    this.#connection = new Connection({
      session,
      rejoin,
      path: socketPath,
      prepare: () => this.loaded || this.#loadNewest(),
      since: () => this.#lastSeq,
    });
    this.#connection.addEventListener("frame", ({ detail }) => this.#receive(detail));
    this.#connection.addEventListener("standing", () => this.#tell("standing"));
    this.#connection.addEventListener("lost", () => {
      this.#held.clear();
      this.outbox.sendAgain();
      this.#tell("pending");
    });
  }

  start() {
    this.#connection.start();
  }

  stop() {
    this.#connection.stop();
  }

  get standing() {
    return this.#connection.standing;
  }

  get reason() {
    return this.#connection.reason;
  }

  post(text) {
    this.outbox.write(text);
    this.#tell("pending");
    this.#flush();
  }

  typing() {
    if (this.standing === "live") this.#connection.send({ type: "typing" });
  }

  dismiss(clientId) {
    this.outbox.remove(clientId);
    this.#tell("pending");
  }

  async loadOlder() {
    if (!this.hasOlder || this.#loading) return;
    const page = await this.#history(`before=${this.messages[0].seq}&limit=${PAGE}`);
    this.hasOlder = page.length === PAGE;
    const older = page.filter(({ id }) => !this.#byId.has(id));
    older.forEach((message) => this.#learn(message));
    this.messages.unshift(...older);
    this.#tell("older", older);
    this.#applyMissed();
  }

  // What comes in

  #receive(frame) {
    if (!this.#connection.isSyncing && !this.outbox.isAwaited) this.#connection.rest();
    if (frame.error) this.#refused(frame);
    else if (frame.type === "resumed") this.#resumed(frame);
    else if (frame.type === "ack") this.#acknowledged(frame);
    else if (frame.type === "typing") this.#tell("typing", frame.user);
    else if (frame.type === "read") this.#tell("read", frame);
    else if (frame.type === "user_joined" || frame.type === "user_left") this.#tell("presence", frame);
    else if (frame.seq !== undefined) this.#inOrder(frame);
  }

  #inOrder(frame) {
    if (this.#connection.isSyncing) this.#held.set(frame.seq, frame);
    else this.#take(frame);
  }

  #resumed({ seq, complete }) {
    const held = [...this.#held.values()].sort((one, other) => one.seq - other.seq);
    this.#held.clear();
    const now = complete ? held : held.filter((frame) => frame.seq <= seq);
    now.forEach((frame) => this.#take(frame));
    this.#lastSeq = Math.max(this.#lastSeq, seq);
    this.#connection.caughtUp(complete);
    this.#flush();
  }

  #take(frame) {
    if (frame.seq <= this.#lastSeq) return;
    this.#lastSeq = frame.seq;
    if (frame.type === "message") this.#add(frame);
    else this.#change(frame);
  }

  #add({ id, seq, sender, message, timestamp }) {
    const added = { id, seq, sender, message, timestamp, reactions: [] };
    this.#byId.set(id, added);
    this.messages.push(added);
    if (sender === this.me) {
      this.outbox.recognise(added);
      this.#tell("pending");
    }
    this.#tell("added", added);
  }

  #change(frame) {
    const message = this.#byId.get(frame.id);
    if (!message) {
      if (this.#loading) this.#missed.push(frame);
      return;
    }
    if (frame.type === "message_edited") Object.assign(message, { message: frame.message, edited_at: frame.edited_at });
    else if (frame.type === "message_deleted") Object.assign(message, { message: "", deleted: true, reactions: [] });
    else if (this.#isSettled(message)) countReaction(message, frame, this.me);
    else return void this.#reload(message);
    this.#tell("changed", message);
  }

  /** Whether what was read of a message is older than any change still to arrive, so that counting cannot count twice. */
  #isSettled({ id }) {
    const loadedAt = this.#loadedAt.get(id);
    return loadedAt === undefined || (this.standing === "live" && Date.now() - loadedAt > SETTLES_AFTER);
  }

  async #reload(message) {
    const [fresh] = await this.#history(`since=${message.seq - 1}&limit=1`).catch(() => []);
    if (fresh?.id !== message.id) return;
    this.#loadedAt.set(message.id, Date.now());
    Object.assign(message, { reactions: [] }, fresh);
    this.#tell("changed", message);
  }

  // History

  async #loadNewest() {
    const page = await this.#history(`limit=${PAGE}`);
    page.forEach((message) => this.#learn(message));
    this.messages = page;
    this.hasOlder = page.length === PAGE;
    this.#lastSeq = page.at(-1)?.seq ?? 0;
    this.loaded = true;
    this.#tell("loaded");
  }

  async #history(query) {
    this.#loading += 1;
    try {
      return await this.#session.call("GET", `${this.#historyPath}?${query}`);
    } finally {
      this.#loading -= 1;
    }
  }

  #learn(message) {
    message.reactions ??= [];
    this.#byId.set(message.id, message);
    this.#loadedAt.set(message.id, Date.now());
  }

  #applyMissed() {
    const missed = this.#missed.splice(0);
    missed.filter(({ id }) => this.#byId.has(id)).forEach((frame) => this.#change(frame));
  }

  // What goes out

  #flush() {
    if (!this.#connection.isReady) return;
    for (const letter of this.outbox.waiting()) {
      letter.state = "sent";
      this.#connection.send({ type: "message", message: letter.text, client_id: letter.clientId });
      this.#connection.expectAnswer();
    }
    this.#tell("pending");
  }

  #acknowledged({ client_id: clientId, id }) {
    this.outbox.acknowledge(clientId, id, this.#byId.has(id));
    if (!this.outbox.isAwaited) this.#connection.rest();
    this.#tell("pending");
  }

  #refused({ error, code, client_id: clientId, until }) {
    if (code === "not_at_venue" && this.outbox.retry(clientId)) return void this.#checkInAndFlush(clientId, error);
    const why = until ? `${error} Until ${new Date(until).toLocaleTimeString([], { timeStyle: "short" })}.` : error;
    if (clientId && this.outbox.refuse(clientId, why)) this.#tell("pending");
    else this.#tell("refused", why);
  }

  /** Being at a venue runs out after some hours; who is still talking is still there. */
  async #checkInAndFlush(clientId, error) {
    try {
      await this.#rejoin();
      this.#flush();
    } catch {
      this.outbox.refuse(clientId, error);
      this.#tell("pending");
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

function countReaction(message, { emoji, user, added }, me) {
  let reaction = message.reactions.find((one) => one.emoji === emoji);
  if (!reaction) message.reactions.push((reaction = { emoji, count: 0, mine: false }));
  reaction.count += added ? 1 : -1;
  if (user === me) reaction.mine = added;
  message.reactions = message.reactions.filter(({ count }) => count > 0);
}
