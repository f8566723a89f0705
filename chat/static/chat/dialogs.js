// Questions and the sheet of what can be done with a message. `<dialog>` keeps the focus and gives it back.

import { find, make } from "./dom.js";

export const EMOJIS = ["👍", "❤️", "😂", "🎉", "🍻", "🎯"];
const NAMES = ["thumbs up", "heart", "laughing", "party", "cheers", "bull’s eye"];
const EDIT_FOR = 15 * 60_000;

function closeOnBackdrop(dialog) {
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

/** Whether the answer is yes. `voucher` is a code shown large; `no` null leaves only one way out. */
export function ask({ title, text, yes, no = "Not now", voucher = "" }) {
  const dialog = document.getElementById("question");
  find("h2", dialog).textContent = title;
  find(".text", dialog).textContent = text;
  find(".voucher", dialog).textContent = voucher;
  find(".voucher", dialog).hidden = !voucher;
  const [refuse, accept] = [find(".no", dialog), find(".yes", dialog)];
  refuse.textContent = no ?? "";
  refuse.hidden = no === null;
  accept.textContent = yes;
  return new Promise((resolve) => {
    let answer = false;
    accept.onclick = () => {
      answer = true;
      dialog.close();
    };
    refuse.onclick = () => dialog.close();
    dialog.onclose = () => resolve(answer);
    dialog.showModal();
  });
}

closeOnBackdrop(document.getElementById("question"));
closeOnBackdrop(document.getElementById("message-sheet"));

/** Tells what was chosen: `{action}`, or `{action: "react", emoji}`. */
export function chooseFor(message, { mine, isPrivate }) {
  const dialog = document.getElementById("message-sheet");
  const allowed = {
    edit: mine && !message.deleted && Date.now() - Date.parse(message.timestamp) < EDIT_FOR,
    delete: mine && !message.deleted,
    private: !mine && !isPrivate,
    close: true,
  };
  find(".quote", dialog).textContent = message.deleted ? "Deleted" : message.message;
  find(".private-with", dialog).textContent = `Message ${message.sender} privately`;
  return new Promise((resolve) => {
    let choice = { action: "close" };
    const choose = (chosen) => {
      choice = chosen;
      dialog.close();
    };
    const emojis = EMOJIS.map((emoji, index) => {
      const isOn = message.reactions.some((one) => one.emoji === emoji && one.mine);
      const label = { "aria-label": NAMES[index], "aria-pressed": String(isOn) };
      return make("button", { type: "button", ...label, on: { click: () => choose({ action: "react", emoji }) } }, emoji);
    });
    find(".emojis", dialog).replaceChildren(...(message.deleted ? [] : emojis));
    for (const button of dialog.querySelectorAll("[data-action]")) {
      button.hidden = !allowed[button.dataset.action];
      button.onclick = () => choose({ action: button.dataset.action });
    }
    dialog.onclose = () => resolve(choice);
    dialog.showModal();
  });
}
