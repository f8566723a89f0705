// One WebSocket, from its opening to its close. Coming back is its owner's business.

const OPENS_WITHIN = 10_000;

export class Socket {
  #socket;
  #opening;

  /** `closed` becomes the close code once the socket is gone, whoever ended it. */
  constructor(path, token, { opened, received }) {
    const address = new URL(path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(address, ["bearer", token]);
    this.#socket.onopen = () => {
      clearTimeout(this.#opening);
      opened(this);
    };
    this.#socket.onmessage = ({ data }) => received(JSON.parse(data));
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = ({ code }) => this.#gone(resolve, code);
      this.giveUp = () => this.#gone(resolve, 1006);
    });
    this.#opening = setTimeout(() => this.close(), OPENS_WITHIN);
  }

  send(frame) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** Does not wait for the other end: where the network is gone it would never answer. */
  close() {
    this.#socket.close();
    this.giveUp();
  }

  #gone(resolve, code) {
    clearTimeout(this.#opening);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    resolve(code);
  }
}
