// What changes of figures do to the city: its variables that they move, with places and points before and after.
import { element } from "./parts.js";
import { changes } from "./state.js";
import { fixed, named, number, t } from "./words.js";

export function showMoved(moved) {
  const place = document.getElementById("moved");
  place.replaceChildren();
  if (!changes().length) return;
  if (!moved.length) {
    place.append(element("p", { className: "note", textContent: t("moved-nothing") }));
    return;
  }
  const head = ["variable", "moved-place", "moved-points"].map((key) => element("th", { scope: "col", textContent: t(key) }));
  place.append(
    element("h3", { textContent: t("moved") }),
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...moved.map(line))),
    element("p", { className: "note", textContent: t("moved-note") }),
  );
}

function line(one) {
  const gained = one.points.after - one.points.before;
  const way = gained > 0 ? "up" : gained < 0 ? "down" : "";
  return element("tr", {},
    element("th", { scope: "row", textContent: named(one) }),
    element("td", { textContent: `${number(one.place.before, 0)} → ${number(one.place.after, 0)}` }),
    element("td", { className: way, textContent: `${gained > 0 ? "+" : ""}${fixed(gained, 2).replace("-", "−")}` }));
}
