// One message as it stands in the log.

import { icon, make, tintOf, unseen } from "./dom.js";
import { dayOf, isSameDay, timeOf } from "./times.js";

const TOGETHER = 5 * 60_000;

/** `onOptions` opens what can be done with it, `onReact(emoji)` toggles a reaction. */
export function messageElement(message, { mine, onOptions, onReact }) {
  return make(
    "li",
    { className: `message${mine ? " mine" : ""}${message.deleted ? " deleted" : ""}`, data: { id: message.id } },
    make("span", { className: `avatar small ${tintOf(message.sender)}`, "aria-hidden": "true" }, initial(message.sender)),
    make(
      "div",
      { className: "said" },
      make("p", { className: mine ? "who unseen" : "who" }, mine ? "You" : message.sender),
      make("div", { className: "line" }, bubble(message), options(message, onOptions)),
      reactions(message, onReact),
      make("p", { className: "seen soft", hidden: true }, "Seen"),
    ),
  );
}

/** A day's heading, the mark of what is new, and whether it continues what the same person just said. */
export function place(element, message, before, isFirstNew) {
  for (const heading of element.querySelectorAll(".heading")) heading.remove();
  const headings = [];
  if (!before || !isSameDay(before.timestamp, message.timestamp)) headings.push(dayOf(message.timestamp));
  const marks = headings.map((text) => make("p", { className: "heading day" }, text));
  if (isFirstNew) marks.push(make("p", { className: "heading new" }, "New"));
  element.prepend(...marks);
  const gap = before ? Date.parse(message.timestamp) - Date.parse(before.timestamp) : Infinity;
  const follows = !marks.length && before?.sender === message.sender && gap < TOGETHER;
  element.classList.toggle("follows", follows);
}

export const initial = (name) => [...name][0]?.toUpperCase() ?? "?";

/** What is not stored yet, or was refused. */
export function letterElement({ clientId, text, state, why }, { onDismiss }) {
  const isRefused = state === "refused";
  const note = make("span", {}, isRefused ? why : state === "waiting" ? "Waiting for the network" : "Sending…");
  return make(
    "li",
    { className: `message mine letter ${state}`, data: { clientId } },
    make(
      "div",
      { className: "said" },
      make("div", { className: "bubble" }, make("p", { className: "text", dir: "auto" }, text)),
      make("p", { className: "fate" }, note),
      isRefused ? make("button", { type: "button", className: "quiet", on: { click: onDismiss } }, "Remove") : null,
    ),
  );
}

function bubble(message) {
  const text = message.deleted ? "This message was deleted." : message.message;
  return make(
    "div",
    { className: "bubble" },
    make("p", { className: "text", dir: "auto" }, text),
    make("p", { className: "when" }, ...when(message)),
  );
}

function when({ timestamp, edited_at: editedAt, deleted }) {
  const time = make("time", { dateTime: timestamp }, timeOf(timestamp));
  return editedAt && !deleted ? ["edited ", time] : [time];
}

function reactions(message, onReact) {
  const chips = message.reactions.map(({ emoji, count, mine }) =>
    make(
      "button",
      { type: "button", className: "chip", "aria-pressed": String(mine), on: { click: () => onReact(emoji) } },
      emoji,
      make("span", {}, String(count)),
    ),
  );
  return make("div", { className: "reactions", hidden: chips.length === 0 }, ...chips);
}

function options(message, onOptions) {
  const name = unseen(`What to do with ${message.sender}’s message`);
  const button = make("button", { type: "button", className: "options", on: { click: onOptions } }, icon("more"), name);
  button.hidden = Boolean(message.deleted);
  return button;
}
