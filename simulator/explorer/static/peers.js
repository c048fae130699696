// A city beside its peers: what makes up its total, and their ranks.
import { drawn, element } from "./parts.js";
import { fixed, named, number, t } from "./words.js";

export function buildPeers(attributes, choose) {
  const select = document.getElementById("peers");
  select.append(element("option", { value: "", textContent: t("all-cities") }));
  for (const name of attributes) {
    const text = t(`attribute-${name}`);
    select.append(element("option", { value: name, textContent: text === `attribute-${name}` ? name : text }));
  }
  select.addEventListener("change", () => choose(select.value));
}

export function showPeers(told, cities) {
  const names = told.peers.map((one) => `${named(cities.get(one.city))} ${number(one.rank, 0)}`);
  const listed = names.length > 20 ? [...names.slice(0, 20), "…"] : names;
  const group = told.group.id ? t("peer-group", { group: named(told.group) }) : t("all-cities");
  const alone = names.length < 2 ? ` ${t("only-one")}` : "";
  document.getElementById("peer-list").textContent = `${group}${t("colon")}${listed.join(" · ")}${alone ? `${t("stop")}${alone}` : ""}`;
  const root = told.slots.at(-1);
  const rows = [];
  for (const part of told.slots.filter((slot) => slot.parent === root.id)) {
    rows.push(line(part));
  }
  rows.push(line(root));
  document.querySelector("#profile tbody").replaceChildren(...rows);
}

function line(slot) {
  const figures = [slot.score, slot.peer_median, slot.peer_best].map((one) => fixed(one, 2));
  const places = [number(slot.rank, 0), t("of", { place: number(slot.peer_rank, 0), count: number(slot.peer_count, 0) })];
  const cells = [...figures, ...places].map((text) => element("td", { textContent: text }));
  cells.at(-1).append(" ", strip(slot));
  return element("tr", {}, element("th", { scope: "row", textContent: named(slot) }), ...cells);
}

// The place among the peers: the first stands left, the last right.
function strip({ peer_rank: place, peer_count: count }) {
  const at = count > 1 && place ? 3 + (94 * (place - 1)) / (count - 1) : 3;
  return drawn("svg", { class: "strip", viewBox: "0 0 100 10", "aria-hidden": "true" },
    drawn("line", { x1: 3, x2: 97, y1: 5, y2: 5 }), drawn("circle", { cx: at, cy: 5, r: 3 }));
}
