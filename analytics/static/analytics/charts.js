// Draws every figure from the table that stands in it: what is drawn and what is read out cannot differ.

const LONGEST_LABEL = 20;
const drawn = new Map();

function shortened(label) {
  return label.length > LONGEST_LABEL ? `${label.slice(0, LONGEST_LABEL - 1)}…` : label;
}

function read(figure) {
  const [, ...headers] = [...figure.querySelectorAll("thead th")].map((cell) => cell.textContent);
  const rows = [...figure.querySelectorAll("tbody tr")];
  return {
    labels: rows.map((row) => row.querySelector("th").textContent),
    series: headers.map((label, column) => ({
      label,
      values: rows.map((row) => Number(row.querySelectorAll("td")[column].dataset.value)),
    })),
  };
}

// The largest by themselves and the rest as one: a slice more than there are colours would look like another.
function gathered({ labels, series }, most) {
  if (labels.length <= most) return { labels, series };
  const [{ label, values }] = series;
  const slices = labels.map((name, place) => [name, values[place]]).sort(([, one], [, other]) => other - one);
  const rest = slices.splice(most - 1);
  slices.push([`${rest.length} others`, rest.reduce((sum, [, value]) => sum + value, 0)]);
  return { labels: slices.map(([name]) => name), series: [{ label, values: slices.map(([, value]) => value) }] };
}

function coloursOf(figure) {
  const style = getComputedStyle(figure);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: colour("ink-soft"),
    line: colour("line"),
    ground: colour("ground"),
    series: [1, 2, 3, 4, 5, 6].map((number) => colour(`series-${number}`)),
  };
}

function settingsOf(figure) {
  const colours = coloursOf(figure);
  const isRound = figure.dataset.chart === "doughnut";
  const { labels, series } = isRound ? gathered(read(figure), colours.series.length) : read(figure);
  const isAcross = figure.dataset.chart === "bars-across";
  const axis = { ticks: { color: colours.ink, precision: 0 }, grid: { color: colours.line }, beginAtZero: true };
  const names = {
    ticks: { color: colours.ink, callback: (place) => shortened(labels[place]) },
    grid: { display: false },
  };
  return {
    type: isRound ? "doughnut" : "bar",
    data: {
      labels,
      datasets: series.map(({ label, values }, number) => ({
        label,
        data: values,
        backgroundColor: isRound
          ? colours.series.slice(0, labels.length)
          : colours.series[number % colours.series.length],
        borderColor: colours.ground,
        borderWidth: isRound ? 2 : 0,
        borderRadius: isRound ? 0 : 3,
      })),
    },
    options: {
      animation: false,
      responsive: true,
      maintainAspectRatio: false,
      indexAxis: isAcross ? "y" : "x",
      plugins: {
        legend: {
          display: isRound || series.length > 1,
          position: isRound ? "right" : "bottom",
          labels: { color: colours.ink },
        },
      },
      scales: isRound ? {} : isAcross ? { x: axis, y: names } : { x: names, y: axis },
    },
  };
}

function draw() {
  for (const figure of document.querySelectorAll("[data-chart]")) {
    const canvas = figure.querySelector("canvas");
    if (canvas === null) continue;
    drawn.get(figure)?.destroy();
    drawn.set(figure, new Chart(canvas, settingsOf(figure)));
  }
  document.documentElement.dataset.charts = String(drawn.size);
}

// The admin says its theme by a class, the owners' page follows the device.
new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["class"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
draw();
