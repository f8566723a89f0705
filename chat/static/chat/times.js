// Moments as people here read them.

const clock = new Intl.DateTimeFormat([], { timeStyle: "short" });
const weekday = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });
const date = new Intl.DateTimeFormat([], { dateStyle: "medium" });

export const timeOf = (moment) => clock.format(new Date(moment));
export const dateOf = (moment) => date.format(new Date(moment));

export const isSameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();

export function dayOf(moment) {
  const now = new Date();
  if (isSameDay(moment, now)) return "Today";
  if (isSameDay(moment, now.getTime() - 24 * 3_600_000)) return "Yesterday";
  return weekday.format(new Date(moment));
}

export const briefly = (moment) => (isSameDay(moment, Date.now()) ? timeOf(moment) : dateOf(moment));
