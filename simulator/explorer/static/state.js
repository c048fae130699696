// The state of the page: a scenario as files have it, and what is looked at. A link holds all of it.
export const state = { scenario: {}, city: "", peers: "" };

export function copied(value) {
  return JSON.parse(JSON.stringify(value));
}

export function toLink() {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

export function fromLink(fragment) {
  try {
    const letters = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
    const told = JSON.parse(new TextDecoder().decode(Uint8Array.from(letters, (letter) => letter.charCodeAt(0))));
    if (typeof told !== "object" || told === null || typeof told.scenario !== "object") return null;
    return { scenario: told.scenario, city: String(told.city ?? ""), peers: String(told.peers ?? "") };
  } catch {
    return null;
  }
}

function recipe() {
  state.scenario.recipe ??= {};
  return state.scenario.recipe;
}

function tidy() {
  const own = state.scenario.recipe;
  if (!own) return;
  for (const key of ["weights", "aggregation"]) if (own[key] && !Object.keys(own[key]).length) delete own[key];
  if (!Object.keys(own).length) delete state.scenario.recipe;
}

// Weights of the members below the index; none where all are as defined. Other weights of the scenario stay.
export function setWeights(members, weights) {
  const own = recipe();
  const kept = { ...(own.weights ?? {}) };
  for (const member of members) for (const name of [member.id, member.en, member.zh]) delete kept[name];
  own.weights = { ...kept, ...(weights ?? {}) };
  delete own.weighting;
  delete own["equal-weights"];
  tidy();
}

export function setNormalisation(value) {
  const own = recipe();
  if (value === "as-defined") delete own.normalisation;
  else own.normalisation = value;
  tidy();
}

export function setAggregation(level, value) {
  const own = recipe();
  own.aggregation ??= {};
  if (value === "as-defined") delete own.aggregation[level];
  else own.aggregation[level] = value;
  tidy();
}

export function changes() {
  const given = state.scenario.changes ?? [];
  return Array.isArray(given) ? given : [given];
}

function isOwn(change, city) {
  const keys = Object.keys(change).filter((key) => !["cities", "set", "move"].includes(key));
  const who = Array.isArray(change.cities) ? change.cities : [change.cities ?? state.scenario.city];
  return !keys.length && who.length === 1 && who[0] === city;
}

// What the page itself changed of a city: { set: {quantity: value}, move: {variable: "3 places"} }.
export function ownChange(city) {
  return changes().find((change) => isOwn(change, city)) ?? null;
}

export function otherChanges(city) {
  return changes().filter((change) => change !== ownChange(city));
}

export function setChange(city, kind, name, value) {
  let own = ownChange(city);
  if (!own) {
    own = { cities: [city] };
    state.scenario.changes = [...changes(), own];
  }
  own[kind] ??= {};
  if (value === null) delete own[kind][name];
  else own[kind][name] = value;
  if (!Object.keys(own[kind]).length) delete own[kind];
  keepChanges(changes().filter((change) => Object.keys(change).some((key) => key !== "cities")));
}

export function removeChange(change) {
  keepChanges(changes().filter((one) => one !== change));
}

// A scenario that changes nothing must not say for whom.
export function keepChanges(kept) {
  if (kept.length) {
    state.scenario.changes = kept;
    state.scenario.city = state.city || undefined;
    delete state.scenario.reach;
    return;
  }
  for (const key of ["changes", "others", "spillover", "figures"]) delete state.scenario[key];
  if (!state.scenario.reach) delete state.scenario.city;
}
