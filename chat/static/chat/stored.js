// What outlives a reload. A browser that keeps nothing (private windows, full disks) loses that and no more.

function keptIn(area) {
  return {
    read(key, otherwise = null) {
      try {
        return JSON.parse(area().getItem(key)) ?? otherwise;
      } catch {
        return otherwise;
      }
    },
    write(key, value) {
      try {
        if (value === null) area().removeItem(key);
        else area().setItem(key, JSON.stringify(value));
      } catch {
        // Kept for as long as the page lives, then.
      }
    },
    keys(prefix) {
      try {
        return Object.keys(area()).filter((key) => key.startsWith(prefix));
      } catch {
        return [];
      }
    },
  };
}

export const phone = keptIn(() => localStorage);
export const tab = keptIn(() => sessionStorage);

/** Unguessable; `crypto.randomUUID` is missing where the page is served without TLS. */
export function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
