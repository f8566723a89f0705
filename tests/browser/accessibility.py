"""What a person with other eyes or hands would stumble over, found in the page as it is laid out now."""

from typing import Any

SMALLEST_TARGET = 44

FIND = """
(smallest) => {
  const faults = [];
  const dialog = document.querySelector("dialog[open]");
  const scope = dialog ?? document.body;
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length;
  const nameOf = (element) =>
    element.getAttribute("aria-label") || (element.labels?.[0]?.textContent ?? element.textContent).trim();
  const where = (element) => `${element.tagName} ${element.id || element.className} "${nameOf(element).slice(0, 30)}"`;

  for (const element of scope.querySelectorAll("button, input, textarea, a[href]")) {
    if (!isShown(element)) continue;
    if (!nameOf(element)) faults.push(`no name: ${where(element)}`);
    const { width, height } = element.getBoundingClientRect();
    if (width < smallest || height < smallest) faults.push(`${width} x ${height}: ${where(element)}`);
  }

  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) faults.push(`twice: #${id}`);
  if (document.documentElement.scrollWidth > innerWidth) faults.push("scrolls sideways");

  for (const element of scope.querySelectorAll("*")) {
    const isWider = element.scrollWidth > element.clientWidth && isShown(element);
    const isScrolled = isWider && /auto|scroll/.test(getComputedStyle(element).overflowX);
    if (isScrolled && element.tabIndex < 0) faults.push(`out of a keyboard's reach: ${where(element)}`);
  }

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const channels = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], [x, y, z]) => {
    const share = a / 255;
    return [r * share + x * (1 - share), g * share + y * (1 - share), b * share + z * (1 - share), 255];
  };
  const groundOf = (element) => {
    if (!element) return channels(getComputedStyle(document.body).backgroundColor);
    const colour = channels(getComputedStyle(element).backgroundColor);
    return colour[3] === 255 ? colour : over(colour, groundOf(element.parentElement));
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !isShown(element)) continue;
    if (element.closest("script, style, noscript, template, option, .unseen, button:disabled")) continue;
    const ground = groundOf(element);
    const style = getComputedStyle(element);
    const [one, other] = [luminance(over(channels(style.color), ground)), luminance(ground)].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (contrast < (isLarge ? 3 : 4.5)) faults.push(`contrast ${contrast.toFixed(2)}: ${where(element)}`);
  }
  return faults;
}
"""


def find_faults(page: Any) -> list[str]:
    """Controls without a name or too small to touch, ids used twice, faint text, pages that scroll sideways, and
    parts of them that no key can scroll.
    """
    return page.evaluate(FIND, SMALLEST_TARGET)
