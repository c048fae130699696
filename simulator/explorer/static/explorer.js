// The page: what is moved on it is asked of the server, and what the server answers is shown.
import { afterPause, ask, latest, Refused } from "./asking.js";
import { buildFigures, forgetFigures, showFigures } from "./figures.js";
import { buildMethods, showMethods } from "./methods.js";
import { element } from "./parts.js";
import { buildPeers, showPeers } from "./peers.js";
import { buildRanking, showChosen, showIntervals, showNoIntervals, showRanks } from "./ranking.js";
import { buildReach } from "./reach.js";
import { changes, copied, fromLink, keepChanges, state, toLink } from "./state.js";
import { buildWeights, takeWeights } from "./weights.js";
import { known, loadWords, named, number, t } from "./words.js";

const PAUSE = 250;
const LARGEST_FILE = 32768;
const cities = new Map();
let index = null;
let anew = true;

const askRanks = latest(async () => {
  try {
    const told = await ask("/api/ranks", { scenario: state.scenario });
    showRanks(told);
    takeWeights(told, anew);
    anew = false;
    announce(told);
    refuse(null);
    history.replaceState(null, "", `#${toLink()}`);
  } catch (error) {
    refuse(error);
  }
});

const askIntervals = latest(async () => {
  try {
    showIntervals(await ask("/api/interval", { scenario: state.scenario }));
  } catch (error) {
    showNoIntervals(t("no-interval", { reason: reasons(error) }));
  }
});

const askCity = latest(async () => {
  try {
    const peers = state.peers || null;
    const told = await ask("/api/city", { scenario: state.scenario, city: state.city, peers });
    if (told.city !== state.city) return; // another one was chosen meanwhile, and is asked for next
    showPeers(told, cities);
    showFigures(told.changeable);
  } catch (error) {
    refuse(error);
  }
});

const soon = afterPause(PAUSE, () => {
  askIntervals();
  askCity();
});

function changed() {
  askRanks();
  soon();
}

function methodsChanged() {
  changed();
  showMethods().catch(refuse);
}

// Shows the state as if the page had just been opened with it.
function begin() {
  anew = true;
  forgetFigures();
  if (!cities.has(state.city)) state.city = cityOf(state.scenario);
  document.getElementById("city").value = state.city;
  document.getElementById("peers").value = state.peers;
  const wanted = state.scenario.reach?.rank;
  if (wanted) document.getElementById("wanted").value = wanted;
  showChosen();
  methodsChanged();
}

function cityOf(scenario) {
  const asked = String(scenario.city ?? "").toLowerCase();
  const names = (city) => [city.id, city.en, city.zh].map((name) => name.toLowerCase());
  return index.cities.find((city) => names(city).includes(asked))?.id ?? index.cities[0].id;
}

function choose(city) {
  state.city = city;
  forgetFigures();
  if (changes().length) keepChanges(changes());
  else if (state.scenario.reach) state.scenario.city = city;
  document.getElementById("city").value = city;
  showChosen();
  changed();
}

function announce(told) {
  const own = told.rows.find((row) => row.city === state.city);
  const name = named(cities.get(state.city));
  const place = (value) => number(value, 0);
  const key = !own ? "takes-no-part" : told.changed ? "status-changed" : "status";
  document.getElementById("status").textContent = own
    ? t(key, { city: name, before: place(own.before), unchanged: place(own.unchanged), now: place(own.rank) })
    : t(key, { city: name });
}

function reasons(error) {
  if (!(error instanceof Refused)) throw error;
  const head = known(`refused-${error.code}`) ? t(`refused-${error.code}`) : error.code;
  const told = error.faults.map((fault) => [fault.place, fault.problem, fault.remedy].filter(Boolean).join(": "));
  if (error.more > 0) told.push(t("and-more", { count: error.more }));
  return [head, ...told].join(" ");
}

function refuse(error) {
  const place = document.getElementById("refusal");
  place.hidden = error === null;
  place.textContent = error === null ? "" : reasons(error);
}

async function download(scenario) {
  try {
    const told = await ask("/api/file", { scenario });
    const address = URL.createObjectURL(new Blob([told.text], { type: "application/yaml" }));
    const link = element("a", { href: address, download: told.name });
    document.body.append(link);
    link.click();
    link.remove();
    URL.revokeObjectURL(address);
  } catch (error) {
    refuse(error);
  }
}

async function load(file) {
  try {
    if (file.size > LARGEST_FILE) throw new Refused({ code: "too-large" });
    const told = await ask("/api/open", { text: await file.text() });
    Object.assign(state, { scenario: told.scenario, city: "", peers: state.peers });
    begin();
  } catch (error) {
    refuse(error);
  }
}

async function copyLink() {
  const status = document.getElementById("status");
  history.replaceState(null, "", `#${toLink()}`);
  try {
    await navigator.clipboard.writeText(location.href);
    status.textContent = t("link-copied");
  } catch {
    status.textContent = t("link-in-address");
  }
}

function startAgain() {
  Object.assign(state, { scenario: copied(index.scenario), city: state.city, peers: state.peers });
  begin();
}

function restore() {
  const told = location.hash.length > 1 ? fromLink(location.hash.slice(1)) : null;
  Object.assign(state, told ?? { scenario: copied(index.scenario), city: "", peers: "" });
  if (!index.attributes.includes(state.peers)) state.peers = "";
  begin();
}

function wire() {
  document.getElementById("start-again").addEventListener("click", startAgain);
  document.getElementById("download").addEventListener("click", () => download(state.scenario));
  document.getElementById("copy-link").addEventListener("click", copyLink);
  const input = document.getElementById("load");
  input.addEventListener("change", async () => {
    if (input.files.length) await load(input.files[0]);
    input.value = "";
  });
  const other = document.getElementById("other-language");
  other.addEventListener("click", () => { other.hash = toLink(); });
  const select = document.getElementById("city");
  for (const city of index.cities) select.append(element("option", { value: city.id, textContent: named(city) }));
  select.addEventListener("change", () => choose(select.value));
  document.getElementById("wanted").max = index.cities.length;
  addEventListener("hashchange", restore);
}

async function open() {
  try {
    await loadWords();
    index = await ask("/api/index");
    for (const city of index.cities) cities.set(city.id, city);
    buildWeights(index.dimensions, index.scales, changed);
    buildMethods(methodsChanged);
    buildFigures(changed);
    buildRanking(index.cities, choose);
    buildPeers(index.attributes, (peers) => {
      state.peers = peers;
      changed();
    });
    buildReach(cities, { refused: refuse, changed: () => { forgetFigures(); changed(); }, download });
    wire();
    restore();
  } catch (error) {
    refuse(error);
  }
}

open();
