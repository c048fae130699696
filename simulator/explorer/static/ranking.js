// The table of the ranking: ranks at once, the interval of the draws a moment later.
import { drawn, element } from "./parts.js";
import { state } from "./state.js";
import { fixed, named, number, t } from "./words.js";

const WIDTH = 100;
const rows = new Map();
let count = 1;

export function buildRanking(cities, choose) {
  for (const city of cities) {
    const button = element("button", { type: "button", className: "name", textContent: named(city) });
    button.addEventListener("click", () => choose(city.id));
    const cell = () => element("td");
    const row = { line: element("tr"), now: cell(), before: cell(), moved: cell(), interval: cell(), total: cell() };
    row.line.dataset.city = city.id;
    const head = element("th", { scope: "row" }, button);
    row.line.append(row.now, head, row.before, row.moved, row.interval, row.total);
    rows.set(city.id, row);
  }
}

export function showRanks(told) {
  count = told.rows.length;
  const body = document.querySelector("#ranking tbody");
  const lines = told.rows.map((one) => {
    const row = rows.get(one.city);
    row.now.textContent = number(one.rank, 0);
    row.before.textContent = number(one.before, 0);
    row.total.textContent = fixed(one.total, 2);
    row.moved.replaceChildren(moves(one.before, one.rank));
    return row.line;
  });
  const focused = document.activeElement;
  const same = lines.length === body.children.length && lines.every((line, place) => line === body.children[place]);
  if (!same) body.replaceChildren(...lines);
  if (body.contains(focused)) focused.focus();
  document.getElementById("ranking").classList.add("waiting");
}

export function showChosen() {
  for (const [city, row] of rows) row.line.classList.toggle("chosen", city === state.city);
}

function moves(before, now) {
  const by = before && now ? before - now : 0;
  if (!by) return element("span", { textContent: "·" });
  const text = t(by > 0 ? "up" : "down", { places: number(Math.abs(by), 0) });
  return element("span", { className: by > 0 ? "up" : "down", textContent: text });
}

export function showIntervals(told) {
  for (const [city, row] of rows) {
    const one = told.rows[city];
    row.interval.replaceChildren(one && one.low ? bar(one) : element("span", { textContent: "–" }));
  }
  document.getElementById("ranking").classList.remove("waiting");
  const left = told.left_out.map((factor) => t(`factor-${factor}`)).join(", ");
  const note = t("interval-told", { draws: number(told.draws, 0) });
  document.getElementById("interval-note").textContent = left ? `${note} ${t("left-out", { factors: left })}` : note;
}

export function showNoIntervals(text) {
  for (const row of rows.values()) row.interval.replaceChildren(element("span", { textContent: "–" }));
  document.getElementById("interval-note").textContent = text;
}

function bar({ low, median, high }) {
  const at = (place) => (WIDTH * (place - 1)) / count;
  const middle = at(median) + WIDTH / count / 2;
  const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
    drawn("rect", { x: at(low), y: 2, width: at(high) - at(low) + WIDTH / count, height: 6 }),
    drawn("line", { x1: middle, x2: middle, y1: 0, y2: 10 }));
  const text = low === high ? number(low, 0) : t("from-to", { low: number(low, 0), high: number(high, 0) });
  return element("span", { className: "interval" }, element("span", { textContent: text }), picture);
}
