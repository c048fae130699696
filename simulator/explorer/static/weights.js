// Sliders of the weights: shares that come to 100 %, with the weight of the definition marked and locks.
import { element, slider } from "./parts.js";
import { setWeights } from "./state.js";
import { named, percent, t } from "./words.js";

const STEP = 0.5;
let members = [];
let scales = {};
let shares = {};
let parts = {};
let tell = () => {};

export function buildWeights(dimensions, asDefined, changed) {
  scales = asDefined;
  tell = changed;
  build(dimensions);
  document.getElementById("reset-weights").addEventListener("click", () => {
    for (const member of members) shares[member.id] = 100 * member.share;
    show();
    setWeights(members, null);
    tell();
  });
}

// A scenario with a reading groups the variables in its own way, and has other members to weigh.
function build(dimensions) {
  members = dimensions;
  parts = {};
  shares = {};
  const place = document.getElementById("weights");
  place.replaceChildren();
  for (const member of members) {
    const lock = element("input", { type: "checkbox", id: `lock-${member.id}` });
    const locked = element("label", { for: lock.id, className: "lock" }, lock, ` ${t("lock")}`);
    lock.setAttribute("aria-label", t("lock-of", { name: named(member) }));
    const one = slider({
      id: `weight-${member.id}`, label: named(member), low: 0, high: 100, step: STEP,
      value: 100 * member.share, own: 100 * member.share, extra: [locked],
    });
    one.input.addEventListener("input", () => move(member.id, Number(one.input.value)));
    parts[member.id] = { ...one, lock };
    place.append(one.row);
    shares[member.id] = 100 * member.share;
  }
  show();
}

// Takes over the shares that the server tells, after a start, a link or a file.
export function takeWeights(told, all) {
  scales = told.scales;
  if (!all) return;
  const same = JSON.stringify(members) === JSON.stringify(told.dimensions);
  if (!same) build(told.dimensions);
  for (const member of members) shares[member.id] = 100 * told.weights[member.id];
  show();
}

function move(moved, wanted) {
  const others = members.map((member) => member.id).filter((id) => id !== moved);
  const free = others.filter((id) => !parts[id].lock.checked);
  const fixed = others.filter((id) => parts[id].lock.checked).reduce((sum, id) => sum + shares[id], 0);
  const share = free.length ? Math.min(wanted, Math.max(0, 100 - fixed)) : Math.max(0, 100 - fixed);
  const rest = Math.max(0, 100 - fixed - share);
  const together = free.reduce((sum, id) => sum + shares[id], 0);
  for (const id of free) shares[id] = together > 0 ? (shares[id] * rest) / together : rest / free.length;
  shares[moved] = share;
  show();
  const weights = members.map((member) => [member.id, rounded((shares[member.id] / 100) * scales[member.id])]);
  setWeights(members, Object.fromEntries(weights));
  tell();
}

function rounded(value) {
  return Number(value.toPrecision(6));
}

function show() {
  for (const member of members) {
    const { input, output } = parts[member.id];
    input.value = shares[member.id];
    output.value = percent(shares[member.id] / 100);
    input.setAttribute("aria-valuetext", t("weight-told", {
      now: percent(shares[member.id] / 100), defined: percent(member.share),
    }));
  }
}
