// Figures of a city: quantities between the lowest and the highest observed, places between the last and the first.
import { element, slider } from "./parts.js";
import { otherChanges, ownChange, removeChange, setChange, state } from "./state.js";
import { figure, known, named, number, t } from "./words.js";

const STEPS = 200;
let can = { quantities: [], variables: [], blank: false, sourced: false };
let shown = "";
let tell = () => {};

export function buildFigures(changed) {
  tell = changed;
  const add = document.getElementById("add-figure");
  add.addEventListener("change", () => {
    const [kind, id] = split(add.value);
    add.value = "";
    if (!id || document.getElementById(`${kind}-${id}`)) return;
    addRow(kind, id);
    document.getElementById(`${kind}-${id}`).focus();
  });
}

function split(value) {
  const at = value.indexOf(":");
  return [value.slice(0, at), value.slice(at + 1)];
}

export function showFigures(changeable) {
  can = changeable;
  const own = ownChange(state.city) ?? {};
  const wanted = JSON.stringify([state.city, Object.keys(own.set ?? {}), Object.keys(own.move ?? {})]);
  document.getElementById("figures-note").textContent = t(can.blank ? "figures-blank" : can.sourced ? "figures-sourced" : "figures-note");
  showOthers();
  if (shown === wanted) return;
  if (!shown.startsWith(JSON.stringify([state.city]).slice(0, -1))) {
    fillChoice();
    document.getElementById("figures").replaceChildren();
  }
  shown = wanted;
  for (const id of Object.keys(own.set ?? {})) addRow("set", id);
  for (const id of Object.keys(own.move ?? {})) addRow("move", id);
}

// After a link, a file, a new start or another city nothing that is shown counts until the server has answered.
export function forgetFigures() {
  shown = "";
  can = { quantities: [], variables: [], blank: true, sourced: false };
  fillChoice();
  document.getElementById("figures").replaceChildren();
}

function fillChoice() {
  const add = document.getElementById("add-figure");
  const group = (label, kind, things) => {
    const options = things.map((one) => element("option", { value: `${kind}:${one.id}`, textContent: named(one) }));
    return element("optgroup", { label }, ...options);
  };
  add.replaceChildren(element("option", { value: "", textContent: t("choose") }));
  if (can.quantities.length) add.append(group(t("quantities"), "set", can.quantities));
  if (can.variables.length) add.append(group(t("variables"), "move", can.variables));
  add.disabled = can.blank || can.sourced;
}

function addRow(kind, id) {
  if (document.getElementById(`${kind}-${id}`)) return;
  const row = kind === "set" ? quantityRow(id) : variableRow(id);
  if (row) document.getElementById("figures").append(row);
}

function withRemoval(kind, one) {
  const remove = element("button", { type: "button", textContent: t("remove") });
  remove.setAttribute("aria-label", t("remove-of", { name: named(one) }));
  remove.addEventListener("click", () => {
    setChange(state.city, kind, one.id, null);
    remove.closest(".slider").remove();
    document.getElementById("add-figure").focus();
    tell();
  });
  return remove;
}

function quantityRow(id) {
  const one = can.quantities.find((quantity) => quantity.id === id);
  if (!one) return null;
  const given = ownChange(state.city)?.set?.[id];
  const value = typeof given === "number" ? given : one.value;
  const low = Math.min(one.low, one.value, value);
  const high = Math.max(one.high, one.value, value);
  const made = slider({
    id: `set-${id}`, label: named(one), low, high, step: "any", value, own: one.value, extra: [withRemoval("set", one)],
    ends: [t("lowest", { value: figure(one.low) }), t("own", { value: figure(one.value), origin: t(`origin-${one.origin}`) }),
      t("highest", { value: figure(one.high) })],
  });
  const show = (now) => {
    made.output.value = `${figure(now)} ${known(`unit-${one.unit}`) ? t(`unit-${one.unit}`) : one.unit}`.trim();
    made.input.setAttribute("aria-valuetext", made.output.value);
  };
  const put = (now) => {
    show(now);
    setChange(state.city, "set", id, now === one.value ? null : now);
    tell();
  };
  made.input.addEventListener("input", () => put(Number(Number(made.input.value).toPrecision(6))));
  byKeys(made.input, (high - low) / STEPS, one.value, put);
  show(value);
  return made.row;
}

// A range without steps can hold the city's own value; the keyboard goes by steps all the same.
function byKeys(input, step, own, put) {
  const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
  input.addEventListener("keydown", (event) => {
    if (event.key in steps) {
      input.value = Number(input.value) + steps[event.key] * step;
      put(Number(Number(input.value).toPrecision(6)));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      input.value = own;
      put(own);
    } else return;
    event.preventDefault();
  });
}

function variableRow(id) {
  const one = can.variables.find((variable) => variable.id === id);
  if (!one) return null;
  const given = ownChange(state.city)?.move?.[id];
  const by = given === undefined ? 0 : typeof given === "number" ? given : parseInt(given, 10) || 0;
  const position = (place) => one.last + 1 - place;
  const made = slider({
    id: `move-${id}`, label: named(one), low: 1, high: one.last, step: 1, value: position(one.place) + by,
    own: position(one.place), extra: [withRemoval("move", one)],
    ends: [t("last-place", { place: number(one.last, 0) }), t("own-place", { place: number(one.place, 0) }), t("first-place")],
  });
  const show = () => {
    made.output.value = t("place", { place: number(position(Number(made.input.value)), 0) });
    made.input.setAttribute("aria-valuetext", made.output.value);
  };
  made.input.addEventListener("input", () => {
    show();
    const places = Number(made.input.value) - position(one.place);
    setChange(state.city, "move", id, places ? `${places} places` : null);
    tell();
  });
  show();
  return made.row;
}

// Changes that a file brought, or of other cities: told as they are written, and removed one by one.
function showOthers() {
  const lines = otherChanges(state.city).map((change) => {
    const remove = element("button", { type: "button", textContent: t("remove") });
    remove.setAttribute("aria-label", t("remove-of", { name: JSON.stringify(change) }));
    remove.addEventListener("click", () => {
      removeChange(change);
      tell();
    });
    return element("li", {}, element("code", { textContent: JSON.stringify(change) }), " ", remove);
  });
  document.getElementById("other-changes").replaceChildren(...lines);
}
