// Keeps the counters of the admin's first page up to date, and says when it cannot.

const LONGEST_WAIT = 30_000;
const NOT_AUTHENTICATED = 4003;
const state = document.querySelector("#live-state");
let wait = 1000;

function show(frame) {
  for (const place of document.querySelectorAll("[data-live]")) {
    if (frame[place.dataset.live] !== undefined) place.textContent = frame[place.dataset.live].toLocaleString("en-GB");
  }
}

function connect() {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/admin/live/`);
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(data);
    if (frame.type !== "counters") return;
    wait = 1000;
    state.textContent = "Counters are live.";
    show(frame);
  });
  socket.addEventListener("close", ({ code }) => {
    if (code === NOT_AUTHENTICATED) {
      state.textContent = "Signed out: counters stand still.";
      return;
    }
    state.textContent = "Connecting again …";
    setTimeout(connect, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  });
}

connect();
