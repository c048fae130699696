// Why something is refused, in the language of the page. The engine gives its reasons in English; those that a reader
// can meet by the page's own controls have a translation, with the names of what they speak of.
import { Refused } from "./asking.js";
import { known, language, named, reasons, t } from "./words.js";

let names = new Map();

export function knowNames(index) {
  const every = [...Object.entries(index.names), ...index.cities.map((city) => [city.id, city])];
  names = new Map(every.map(([id, thing]) => [id, named({ id, ...thing })]));
}

export function whyRefused(error) {
  if (!(error instanceof Refused)) throw error;
  const head = known(`refused-${error.code}`) ? t(`refused-${error.code}`) : error.code;
  const lines = error.faults.map(line);
  if (error.more > 0) lines.push(t("and-more", { count: error.more }));
  return [head, ...lines].join(language === "zh" ? "" : " ");
}

function line({ place, problem, remedy }) {
  const translated = translation(problem);
  if (translated === null) return [place, problem, remedy].filter(Boolean).join(": ");
  const where = names.has(place) ? `“${names.get(place)}”：` : "";
  const stop = /[。？！]$/.test(translated) ? "" : "。";
  return `${where}${translated}${stop}${remedy ? translation(remedy) ?? remedy : ""}`;
}

function translation(text) {
  for (const [english, own] of Object.entries(reasons())) {
    const found = text.match(pattern(english));
    if (found) return own.replace(/\{(\w+)\}/g, (whole, name) => called(found.groups[name] ?? whole));
  }
  return null;
}

function pattern(english) {
  const parts = english.split(/\{(\w+)\}/).map((part, at) => (at % 2 ? `(?<${part}>.+?)` : escaped(part)));
  return new RegExp(`^${parts.join("")}$`);
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function called(text) {
  const one = (word) => names.get(word) ?? (known(`method-${word}`) ? t(`method-${word}`) : word);
  return text.split(/, | and /).map(one).join("、");
}
