// Who is signed in, and a token that is always fresh.
//
// The access token lives in memory only. The refresh token lies in localStorage, not sessionStorage: each scan of the
// bar's code opens a new tab, and all tabs must share the one token, since one used twice ends the session.

import { Refused, call } from "./api.js";
import { phone } from "./stored.js";

const KEY = "pub.session";
const SHARE_OF_LIFE = 0.8;

export class SessionEnded extends Error {
  constructor() {
    super("You have been signed out. Please sign in again.");
  }
}

/** Tells "renewed" when there is a new access token and "ended" when there will be none. */
export class Session extends EventTarget {
  #access = "";
  #freshUntil = 0;
  #renewing = null;
  #timer;
  user = null;

  constructor() {
    super();
    addEventListener("storage", ({ key }) => key === KEY && this.#otherTabActed());
  }

  /** Signed in just now. */
  adopt({ access, refresh, user }) {
    this.user = { id: user.id, username: user.username };
    this.#keep(access, refresh);
  }

  /** Whether somebody signed in earlier on this phone. */
  restore() {
    this.user = phone.read(KEY)?.user ?? null;
    return this.user !== null;
  }

  async token() {
    if (!this.#access || Date.now() >= this.#freshUntil) await this.renew();
    return this.#access;
  }

  /** Raises SessionEnded, Unreachable, Refused. */
  async call(method, path, options = {}) {
    const token = await this.token();
    try {
      return await call(method, path, { ...options, token });
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    if (token === this.#access) await this.renew();
    return call(method, path, { ...options, token: this.#access });
  }

  /** A fresh pair of tokens, asked for once however many wait for it. */
  async renew() {
    this.#renewing ??= this.#oneTabAtATime(() => this.#renewed()).finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async signOut() {
    const refresh = phone.read(KEY)?.refresh;
    this.#end();
    if (refresh) await call("POST", "/logout/", { body: { refresh } }).catch(() => {});
  }

  async #renewed() {
    const kept = phone.read(KEY);
    if (kept === null) return this.#ended();
    try {
      const { access, refresh } = await call("POST", "/token/refresh/", { body: { refresh: kept.refresh } });
      this.#keep(access, refresh);
      this.dispatchEvent(new Event("renewed"));
    } catch (error) {
      if (error instanceof Refused && (error.status === 401 || error.status === 400)) this.#ended();
      throw error;
    }
  }

  #keep(access, refresh) {
    this.#access = access;
    const life = lifeOf(access) * SHARE_OF_LIFE;
    this.#freshUntil = Date.now() + life;
    phone.write(KEY, { refresh, user: this.user });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.renew().catch(() => {}), life);
  }

  #ended() {
    this.#end();
    throw new SessionEnded();
  }

  #end() {
    clearTimeout(this.#timer);
    this.#access = "";
    this.user = null;
    phone.write(KEY, null);
    this.dispatchEvent(new Event("ended"));
  }

  #otherTabActed() {
    const user = phone.read(KEY)?.user ?? null;
    if (user?.username !== this.user?.username) location.reload();
  }

  #oneTabAtATime(act) {
    return navigator.locks ? navigator.locks.request(KEY, act) : act();
  }
}

/** In milliseconds, by the server's clock alone. */
function lifeOf(token) {
  const claims = JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/")));
  return (claims.exp - claims.iat) * 1000;
}
