// What it would take: the plans that the server finds for a rank, with their chances.
import { ask } from "./asking.js";
import { element } from "./parts.js";
import { setChange, state } from "./state.js";
import { named, number, percent, t } from "./words.js";

export function buildReach(cities, { refused, changed, download }) {
  document.getElementById("find-way").addEventListener("click", async () => {
    const place = document.getElementById("plans");
    place.replaceChildren(element("p", { textContent: t("searching") }));
    try {
      const wanted = Number(document.getElementById("wanted").value);
      const told = await ask("/api/reach", { scenario: state.scenario, city: state.city, rank: wanted });
      show(place, told, cities, changed, download);
    } catch (error) {
      place.replaceChildren();
      refused(error);
    }
  });
}

function show(place, told, cities, changed, download) {
  const begun = t("reach-begins", {
    city: named(cities.get(told.city)), rank: told.before, wanted: told.wanted, chance: percent(told.chance_before),
  });
  const plans = told.plans.map((plan, position) => shownPlan(plan, position, told, changed));
  const save = element("button", { type: "button", textContent: t("download-question") });
  save.addEventListener("click", () => download(told.scenario));
  place.replaceChildren(element("p", { textContent: begun }), ...plans, save);
}

function shownPlan(plan, position, told, changed) {
  const texts = { number: position + 1, effort: number(plan.effort), rank: plan.rank, chance: percent(plan.chance), error: percent(plan.error) };
  const steps = plan.steps.map((step) => element("li", {}, element("span", { textContent: named(step) }), element("span", { textContent: t("places-up", { places: step.places }) })));
  const made = element("div", { className: "plan" },
    element("h3", { textContent: t("plan", texts) }), element("p", { textContent: t("plan-told", texts) }), element("ul", {}, ...steps));
  if (plan.steps.length) {
    const use = element("button", { type: "button", textContent: t("use-plan") });
    use.addEventListener("click", () => {
      for (const step of plan.steps) setChange(told.city, "move", step.id, `${step.places} places`);
      changed();
    });
    made.append(use);
  }
  return made;
}
