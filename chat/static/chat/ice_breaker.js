// Something to say when nobody knows what to say.

import { call } from "./api.js";
import { find } from "./dom.js";
import { tab } from "./stored.js";

const CLOSED = "pub.ice_closed";
const roomy = matchMedia("(min-height: 40rem)");

/** `put(text)` writes into the composer of the conversation whose `root` this is. */
export function offerIceBreaker(root, put) {
  const panel = find(".ice", root);
  const text = find(".ice-text", root);
  const toggle = find(".ice-toggle", root);

  async function another() {
    try {
      text.textContent = (await call("GET", "/icebreakers/random/")).text;
      find(".ice-use", root).hidden = false;
    } catch (error) {
      text.textContent = error.code === "no_ice_breaker" ? "No ice breakers here yet." : error.message;
      find(".ice-use", root).hidden = true;
    }
  }

  function show(isOpen) {
    panel.hidden = !isOpen;
    toggle.setAttribute("aria-expanded", String(isOpen));
    if (isOpen && !text.textContent) another();
  }

  toggle.addEventListener("click", () => {
    tab.write(CLOSED, panel.hidden ? null : true);
    show(panel.hidden);
  });
  find(".ice-next", root).addEventListener("click", another);
  find(".ice-use", root).addEventListener("click", () => {
    put(text.textContent);
    show(false);
  });
  show(roomy.matches && !tab.read(CLOSED, false));
}
