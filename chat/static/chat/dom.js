// Building and finding elements. Text only ever enters the page as text.

export const find = (selector, root = document) => root.querySelector(selector);

export function make(tag, { data = {}, on = {}, ...properties } = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  Object.assign(element.dataset, data);
  for (const [name, handler] of Object.entries(on)) element.addEventListener(name, handler);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export const icon = (name) => make("span", { className: `icon icon-${name}` });
export const unseen = (text) => make("span", { className: "unseen" }, text);

export function fromTemplate(id) {
  return document.getElementById(id).content.cloneNode(true).firstElementChild;
}

let toastTimer;

/** A word at the foot of the page, read out politely. */
export function toast(text) {
  const shown = document.getElementById("toast");
  shown.textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (shown.textContent = ""), 6000);
}

export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** One of eight tints for a name, always the same. */
export function tintOf(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return `tint-${sum % 8}`;
}
