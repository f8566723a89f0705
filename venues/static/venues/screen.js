// Keeps the code on the screen current. The server replaces it ten minutes before it ends, so asking once a minute
// leaves ten tries; what a television's own clock says is never looked at.

const EVERY = 60_000;
const RETRY_FIRST = 5_000;
const GIVE_UP_AFTER = 20_000;
const trouble = document.getElementById("trouble");

let timer;
let retryIn = RETRY_FIRST;
let endsAt = endOf(document.getElementById("screen"));
let renewedAt = performance.now();

function endOf(screen) {
  const { validUntil, now } = screen.dataset;
  return validUntil ? performance.now() + (validUntil - now) * 1000 : Infinity;
}

async function renew() {
  const response = await fetch(location.pathname, {
    headers: { Accept: "text/html" },
    cache: "no-store",
    signal: AbortSignal.timeout(GIVE_UP_AFTER),
  });
  if (response.status === 401) return location.reload();
  if (!response.ok) throw new Error(`answered ${response.status}`);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  show(page.getElementById("screen"));
}

function show(renewed) {
  const shown = document.getElementById("screen");
  if (renewed.innerHTML !== shown.innerHTML) shown.replaceWith(renewed);
  endsAt = endOf(renewed);
  renewedAt = performance.now();
  retryIn = RETRY_FIRST;
  document.body.classList.remove("stale");
  trouble.hidden = true;
}

function complain() {
  const expired = performance.now() >= endsAt;
  const minutes = Math.round((performance.now() - renewedAt) / 60_000);
  const howLong = minutes ? `for ${minutes} minute${minutes > 1 ? "s" : ""}` : "at the moment";
  document.body.classList.toggle("stale", expired);
  trouble.textContent = expired
    ? "This code has expired and cannot be renewed. Trying again…"
    : `The code could not be renewed ${howLong}. It still works. Trying again…`;
  trouble.hidden = false;
}

async function turn() {
  clearTimeout(timer);
  let wait = EVERY;
  try {
    await renew();
  } catch {
    complain();
    wait = retryIn;
    retryIn = Math.min(retryIn * 2, EVERY);
  }
  clearTimeout(timer);
  timer = setTimeout(turn, wait);
}

async function stayAwake() {
  if (document.visibilityState !== "visible") return;
  await navigator.wakeLock?.request("screen").catch(() => {});
}

addEventListener("online", turn);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") turn();
  stayAwake();
});
stayAwake();
timer = setTimeout(turn, EVERY);
