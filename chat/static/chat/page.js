// The page that the bar's code opens: signing in, then the group, the offers and private chats.

import { ask } from "./dialogs.js";
import { find, toast } from "./dom.js";
import { Group } from "./group.js";
import { initial } from "./message_view.js";
import { Offers } from "./offers.js";
import { PrivateChats } from "./private_chats.js";
import { Session } from "./session.js";
import { SignIn } from "./sign_in.js";
import { tab } from "./stored.js";

const { varId, venueId, venueName } = document.body.dataset;
const venue = { varId, id: Number(venueId), name: venueName };
const CHECKED_IN = `pub.checked_in.${varId}`;
const wide = matchMedia("(min-width: 60rem)");

const session = new Session();
const signIn = new SignIn(venue);
const app = document.getElementById("app");
const panes = find(".panes");
let parts = null;

/** Opening the page is a scan, once for each code and tab; a reload is not. */
async function checkIn() {
  await session.call("POST", "/venues/check-in/", { body: { var_id: varId } });
  tab.write(CHECKED_IN, session.user.username);
}

async function enter() {
  if (tab.read(CHECKED_IN) !== session.user.username) await checkIn().catch(() => {});
  if (!session.user) return;
  const group = new Group({ session, venue, checkIn });
  const chats = new PrivateChats(session);
  parts = { group, chats, offers: new Offers({ session, venue }) };
  group.addEventListener("unread", showUnread);
  chats.addEventListener("unread", showUnread);
  group.addEventListener("private", async ({ detail }) => {
    if (await chats.openWith(detail)) show("private");
  });
  signIn.hide();
  app.hidden = false;
  const { username } = session.user;
  find("#account").textContent = initial(username);
  find("#account").setAttribute("aria-label", `Signed in as ${username}`);
  group.start();
  chats.start();
  show("chat");
  group.view.focus();
}

function show(view) {
  panes.dataset.view = view;
  for (const button of document.querySelectorAll(".tabs button")) {
    if (button.dataset.view === view) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  tellWhatIsShown();
  if (view === "offers" || wide.matches) parts.offers.show();
}

/** On a wide screen the group stands beside whatever else is open. */
function tellWhatIsShown() {
  if (!parts) return;
  const { view } = panes.dataset;
  parts.group.view.shown = view === "chat" || wide.matches;
  parts.chats.shown = view === "private";
  showUnread();
}

function showUnread() {
  const unread = { chat: parts.group.view.unread, private: parts.chats.unread };
  for (const [view, count] of Object.entries(unread)) {
    const badge = find(`.tabs [data-view=${view}] .badge`);
    badge.hidden = count === 0;
    badge.textContent = count > 99 ? "99+" : String(count);
    badge.setAttribute("aria-label", `${count} unread`);
  }
  const all = unread.chat + unread.private;
  document.title = all ? `(${all}) ${venue.name}` : venue.name;
}

async function offerToSignOut() {
  const question = { title: `Signed in as ${session.user.username}`, text: venue.name, yes: "Sign out", no: "Stay" };
  if (!(await ask(question))) return;
  await session.signOut();
  location.reload();
}

function ended() {
  if (!parts) return;
  parts.group.stop();
  parts.chats.stop();
  parts = null;
  app.hidden = true;
  signIn.show("You have been signed out. Please sign in again.");
}

for (const button of document.querySelectorAll(".tabs button")) {
  button.addEventListener("click", () => {
    show(button.dataset.view);
    const focus = { chat: parts.group.view, offers: parts.offers, private: parts.chats };
    focus[button.dataset.view].focus();
  });
}
find("#account").addEventListener("click", offerToSignOut);
wide.addEventListener("change", tellWhatIsShown);
session.addEventListener("ended", ended);
signIn.addEventListener("signed-in", async ({ detail }) => {
  session.adopt(detail);
  await enter();
});
addEventListener("unhandledrejection", () => toast("Something went wrong. Please reload the page."));

if (session.restore()) enter();
else signIn.show();
