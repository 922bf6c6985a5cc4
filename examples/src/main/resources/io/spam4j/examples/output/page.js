"use strict";
/* What every page's script uses. Series have a number; colours and dashes follow it. */
addEventListener("error", event => { document.documentElement.dataset.error = event.message; });
addEventListener("securitypolicyviolation", event => { document.documentElement.dataset.error = "loads " + event.blockedURI; });

const page = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const variable = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dashes = [[], [7, 4], [], [2, 3], [10, 4, 2, 4], [4, 2], [], [7, 4]];
const colourOf = series => variable("--c" + series % 8);
const dashOf = series => dashes[series % 8];

function element(tag, text, classes) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

/* The line of a series, for a table's first column. */
function swatchOf(series) {
  const swatch = element("span", undefined, "swatch");
  swatch.style.borderTopColor = `var(--c${series % 8})`;
  swatch.style.borderTopStyle = dashOf(series).length === 0 ? "solid" : dashOf(series)[0] < 4 ? "dotted" : "dashed";
  return swatch;
}

function facts(id, pairs) {
  for (const [name, value] of Object.entries(pairs)) byId(id).append(element("dt", name), element("dd", value));
}

/* A curve as Chart.js takes it; only what is positive, for a logarithmic axis. */
function points(curve, positive) {
  return curve.x.map((x, i) => ({ x, y: positive && !(curve.y[i] > 0) ? null : curve.y[i] }));
}

function range(values) {
  const known = values.filter(value => value !== null && Number.isFinite(value));
  return known.length === 0 ? null : [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
}

/* Whole powers of ten, so that every chart of a group has the same ticks. */
function decades([low, high]) {
  return [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high) + 1e-9)];
}

/* Bounds that are whole multiples of half the span's power of ten. */
function rounded([low, high]) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(high - low, 1e-3))) / 2;
  return [Math.floor(low / unit) * unit, Math.ceil(high / unit + 1e-9) * unit];
}

const power = value => {
  const exponent = Math.log10(value);
  if (Math.abs(exponent - Math.round(exponent)) > 1e-9) return null;
  return value >= 1e-2 && value < 1e5 ? value.toLocaleString("en") : "1e" + Math.round(exponent);
};

/* Lines as they are drawn, dashes too; points as their shapes; nothing for what has no label. */
function legendOf(datasets) {
  const lines = datasets.some(set => set.showLine !== false);
  return {
    color: variable("--text"), usePointStyle: true, boxHeight: lines ? 7 : 9, padding: 16, ...(lines ? { pointStyleWidth: 30 } : {}),
    generateLabels: made => Chart.defaults.plugins.legend.labels.generateLabels(made).filter(item => item.text).map(item => {
      const set = made.data.datasets[item.datasetIndex];
      return lines ? { ...item, lineDash: set.borderDash, lineWidth: 2.5 } : item;
    }),
  };
}

const charts = [];

function chart(canvas, datasets, y, steps, legend) {
  const soft = variable("--soft");
  const grid = variable("--grid");
  const axis = { grid: { color: grid }, border: { color: grid }, title: { display: true, color: soft }, ticks: { color: soft } };
  const made = new Chart(canvas, {
    type: "line",
    data: { datasets },
    options: {
      animation: false, responsive: true, maintainAspectRatio: false, normalized: true, spanGaps: false,
      interaction: { mode: "nearest", axis: "x", intersect: false },
      elements: { line: { borderWidth: 1.8, tension: 0 }, point: { radius: 0, hitRadius: 6 } },
      scales: {
        x: { ...axis, type: "linear", min: 0, max: steps, title: { ...axis.title, text: "step" }, grid: { display: false } },
        y: { ...axis, ...y, title: { ...axis.title, text: y.text }, ticks: { ...axis.ticks, ...(y.type === "logarithmic" ? { callback: power, autoSkip: true, maxTicksLimit: 8 } : y.step ? { stepSize: y.step } : { maxTicksLimit: 7 }) },
             grid: { color: context => y.type === "logarithmic" && power(context.tick.value) === null ? "transparent" : grid } },
      },
      plugins: {
        legend: { display: legend, position: "bottom", labels: legendOf(datasets) },
        tooltip: { filter: item => item.dataset.label, callbacks: {
          title: items => items.length ? "step " + items[0].parsed.x.toLocaleString("en") : "",
          label: item => ` ${item.dataset.label}: ${item.parsed.y.toPrecision(4)}`,
        } },
      },
    },
  });
  charts.push(made);
  return made;
}

function framed(parent, title, label, classes) {
  const holder = element("div", undefined, classes);
  const frame = element("div", undefined, "chart");
  const canvas = element("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  frame.append(canvas);
  holder.append(element("h3", title), frame);
  parent.append(holder);
  return canvas;
}

/* Draws all charts, now and whenever the system turns dark or light, and says on the document how many. */
function show(draw) {
  const all = () => {
    for (const old of charts.splice(0)) old.destroy();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    draw();
    document.documentElement.dataset.charts = String(charts.filter(made => made.chartArea && made.chartArea.width > 0 && made.chartArea.height > 0).length);
  };
  all();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
}
