// Staying connected to one room: one socket at a time, opened again with growing pauses, tried when it has been quiet,
// handed every new token. What the frames say is not its business.

import { Refused, Unreachable } from "./api.js";
import { SessionEnded } from "./session.js";
import { Socket } from "./socket.js";

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const ANSWERS_WITHIN = 10_000;
const QUIET_FOR = 60_000;

const SIGN_IN_AGAIN = 4003;
const NO_SUCH_ROOM = 4004;
const TOO_MUCH = 4008;

/** Tells "standing" when that changes, "lost" when the socket is gone, and "frame". */
export class Connection extends EventTarget {
  /** "connecting", "live", or "over" with the reason in `reason`. */
  standing = "connecting";
  reason = "";
  /** Between asking for what was missed and having all of it. */
  isSyncing = false;

  #session;
  #path;
  #prepare;
  #since;
  #rejoin;
  #socket = null;
  #watchdog;
  #failures = 0;
  #turnedAway = 0;
  #wake = () => {};
  #stopped = false;
  #listening = new AbortController();

  /**
   * `prepare` runs before each socket, `since` gives the last seq that is known, and `rejoin` asks to be let in again
   * after the room was closed to us: it raises Refused when that is over.
   */
  constructor({ session, path, prepare, since, rejoin }) {
    super();
    this.#session = session;
    this.#path = path;
    this.#prepare = prepare;
    this.#since = since;
    this.#rejoin = rejoin;
  }

  start() {
    const { signal } = this.#listening;
    this.#session.addEventListener("renewed", () => this.#check(), { signal });
    addEventListener("online", () => this.#comeBack(), { signal });
    addEventListener("offline", () => this.#socket?.close(), { signal });
    document.addEventListener("visibilitychange", () => this.#comeBack(), { signal });
    this.#run();
  }

  stop() {
    this.#stopped = true;
    this.#listening.abort();
    clearTimeout(this.#watchdog);
    this.#socket?.close();
    this.#wake();
  }

  get isReady() {
    return this.standing === "live" && !this.isSyncing;
  }

  send(frame) {
    this.#socket?.send(frame);
  }

  /** A phone that changes networks is not told that its connection is gone: no answer means that it is. */
  expectAnswer() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#socket?.close(), ANSWERS_WITHIN);
  }

  /** Nothing is waited for: after a while without a word, see whether anybody is there. */
  rest() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#check(), QUIET_FOR);
  }

  /** What was missed has come, or the first part of it. */
  caughtUp(complete) {
    this.isSyncing = false;
    if (!complete) return void this.#resume();
    this.#failures = this.#turnedAway = 0;
    this.#stand("live");
    this.rest();
  }

  /** Back on screen or on the network: come back at once, or make sure that what looks alive is. */
  #comeBack() {
    if (document.visibilityState !== "visible") return;
    this.#check();
    this.#failures = 0;
    this.#wake();
  }

  #check() {
    if (this.#socket && this.isReady) this.#resume();
  }

  async #run() {
    while (!this.#stopped) {
      try {
        await this.#prepare();
        await this.#untilClosed();
      } catch (error) {
        await this.#judge(error);
      }
      if (this.#stopped || this.standing === "over") return;
      this.#stand("connecting");
      await this.#pause();
    }
  }

  async #untilClosed() {
    const token = await this.#session.token();
    if (this.#stopped) return;
    this.#socket = new Socket(this.#path, token, {
      opened: () => this.#resume(),
      received: (frame) => this.dispatchEvent(new CustomEvent("frame", { detail: frame })),
    });
    const code = await this.#socket.closed;
    clearTimeout(this.#watchdog);
    this.#socket = null;
    this.isSyncing = false;
    this.dispatchEvent(new Event("lost"));
    if (code === SIGN_IN_AGAIN) await this.#session.renew();
    if (code === NO_SUCH_ROOM) await this.#enterAgain();
    if (code === TOO_MUCH) this.#failures += 3;
  }

  /** Also how a new token is handed in, and how a connection that looks alive is tried. */
  async #resume() {
    const socket = this.#socket;
    this.isSyncing = true;
    this.expectAnswer();
    const token = await this.#session.token().catch(() => null);
    if (socket !== this.#socket) return;
    socket.send({ type: "resume", since: this.#since(), ...(token && { token }) });
  }

  /** Raises what is neither a refusal nor the network's doing. */
  async #judge(error) {
    if (error instanceof SessionEnded) this.#over(error.message);
    else if (error instanceof Refused && error.status !== 429) await this.#enterAgain().catch(() => {});
    else if (!(error instanceof Refused || error instanceof Unreachable)) throw error;
  }

  /** Raises Unreachable, SessionEnded, or Refused where trying again later may help. */
  async #enterAgain() {
    this.#turnedAway += 1;
    if (this.#turnedAway > 2) return this.#over("You cannot come in here any more.");
    try {
      await this.#rejoin();
    } catch (error) {
      if (!(error instanceof Refused) || error.status === 429) throw error;
      this.#over(error.message);
    }
  }

  #over(reason) {
    this.reason = reason;
    this.#stand("over");
  }

  #stand(standing) {
    if (this.standing === standing) return;
    this.standing = standing;
    this.dispatchEvent(new Event("standing"));
  }

  #pause() {
    const longest = Math.min(FIRST_PAUSE * 2 ** this.#failures, LONGEST_PAUSE);
    this.#failures = Math.min(this.#failures + 1, 10);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + Math.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
