// Choice of methods, among those by which the index can be scored.
import { ask } from "./asking.js";
import { element } from "./parts.js";
import { setAggregation, setNormalisation, state } from "./state.js";
import { known, t } from "./words.js";

let tell = () => {};

export function buildMethods(changed) {
  tell = changed;
}

export async function showMethods() {
  const told = await ask("/api/methods", { scenario: state.scenario });
  const own = state.scenario.recipe ?? {};
  const place = document.getElementById("methods");
  const focused = document.activeElement?.id;
  const rows = [choice("normalisation", t("normalisation"), told.normalisations, own.normalisation, setNormalisation)];
  for (const [level, options] of Object.entries(told.aggregations)) {
    const label = t("aggregation", { level: known(`level-${level}`) ? t(`level-${level}`) : level });
    rows.push(choice(`aggregation-${level}`, label, options, own.aggregation?.[level], (value) => setAggregation(level, value)));
  }
  place.replaceChildren(...rows);
  if (focused && place.querySelector(`#${CSS.escape(focused)}`)) document.getElementById(focused).focus();
}

function choice(id, label, options, chosen = "as-defined", set) {
  const select = element("select", { id });
  const wanted = key(chosen);
  for (const option of options) {
    select.append(element("option", {
      value: JSON.stringify(option.value), textContent: method(option), disabled: !option.admitted,
      selected: key(option.value) === wanted,
    }));
  }
  if (!options.some((option) => key(option.value) === wanted)) {
    select.append(element("option", { value: JSON.stringify(chosen), textContent: key(chosen), selected: true }));
  }
  select.addEventListener("change", () => {
    set(JSON.parse(select.value));
    tell();
  });
  return element("p", { className: "method" }, element("label", { for: id, textContent: label }), " ", select);
}

function key(value) {
  if (typeof value === "string") return value;
  const names = Object.keys(value).sort();
  return names.length === 1 ? value.method : names.map((name) => `${name}: ${value[name]}`).join(", ");
}

function method(option) {
  const name = typeof option.value === "string" ? option.value : option.value.method;
  const text = known(`method-${name}`) ? t(`method-${name}`) : option.label;
  return option.admitted ? text : t("not-admitted", { method: text });
}
