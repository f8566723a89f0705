// Messages that were written and are not known to be stored. They survive a reload and are sent until acknowledged;
// the server stores each `clientId` once.

import { randomId, tab } from "./stored.js";

const PREFIX = "pub.unsent";

export class Outbox {
  #key;
  letters;

  constructor(username, room) {
    this.#key = `${PREFIX}.${username}.${room}`;
    this.letters = tab.read(this.#key, []).map(({ clientId, text }) => ({ clientId, text, state: "waiting" }));
  }

  /** The rooms in which this user still has something to send. */
  static rooms(username) {
    const prefix = `${PREFIX}.${username}.`;
    return tab.keys(prefix).map((key) => key.slice(prefix.length));
  }

  get isEmpty() {
    return this.letters.every(({ state }) => state === "refused" || state === "stored");
  }

  /** Whether an acknowledgement is still to come. */
  get isAwaited() {
    return this.letters.some(({ state }) => state === "sent");
  }

  get shown() {
    return this.letters.filter(({ id }) => id === undefined);
  }

  write(text) {
    const letter = { clientId: randomId(), text, state: "waiting" };
    this.letters.push(letter);
    this.#keep();
    return letter;
  }

  waiting() {
    return this.letters.filter(({ state }) => state === "waiting");
  }

  /** Whatever was sent over a connection that is gone may not have arrived. */
  sendAgain() {
    for (const letter of this.letters) if (letter.state === "sent") letter.state = "waiting";
  }

  /** A message of mine appeared: a letter known to be it, or most likely the first one with that text. */
  recognise({ id, message }) {
    const known = this.letters.find(({ storedAs }) => storedAs === id);
    if (known) return this.remove(known.clientId);
    const letter = this.letters.find((one) => one.id === undefined && one.state !== "refused" && one.state !== "stored" && one.text === message);
    if (letter) letter.id = id;
  }

  /** Stored as message `id`. Until that appears the letter stands in for it. */
  acknowledge(clientId, id, isShown) {
    const letter = this.letters.find((one) => one.clientId === clientId);
    if (!letter || isShown) return this.remove(clientId);
    Object.assign(letter, { state: "stored", storedAs: id, id: undefined });
    this.#keep();
  }

  /** Whether this letter was given its one more try. */
  retry(clientId) {
    const letter = this.letters.find((one) => one.clientId === clientId);
    if (!letter || letter.retried) return false;
    Object.assign(letter, { state: "waiting", retried: true });
    return true;
  }

  refuse(clientId, why) {
    const letter = this.letters.find((one) => one.clientId === clientId);
    if (letter) Object.assign(letter, { state: "refused", why, id: undefined });
    this.#keep();
    return letter !== undefined;
  }

  remove(clientId) {
    this.letters = this.letters.filter((letter) => letter.clientId !== clientId);
    this.#keep();
  }

  #keep() {
    const unsent = this.letters.filter(({ state }) => state === "waiting" || state === "sent");
    tab.write(this.#key, unsent.length ? unsent.map(({ clientId, text }) => ({ clientId, text })) : null);
  }
}
