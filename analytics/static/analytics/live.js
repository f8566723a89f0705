// Keeps a page's counters up to date by the socket it names, and says when it cannot.

const LONGEST_WAIT = 30_000;
const OVER = {
  4003: "Signed out: counters stand still.",
  4004: "Not yours to see any more: counters stand still.",
};
const state = document.querySelector("#live-state");
let wait = 1000;

function show(frame) {
  for (const place of document.querySelectorAll("[data-live]")) {
    if (frame[place.dataset.live] !== undefined) place.textContent = frame[place.dataset.live].toLocaleString("en-GB");
  }
}

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${state.dataset.socket}`);
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type !== "counters") return;
    wait = 1000;
    state.textContent = "Counters are live.";
    show(frame);
  });
  socket.addEventListener("close", ({ code }) => {
    if (OVER[code]) {
      state.textContent = OVER[code];
      return;
    }
    state.textContent = "Connecting again …";
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

connect();
