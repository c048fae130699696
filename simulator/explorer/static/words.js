// Words and numbers in the language of the page.
export const language = document.documentElement.dataset.language;
const locale = document.documentElement.lang;
let texts = {};
let translated = {};

export async function loadWords() {
  [texts, translated] = await (await fetch(`/texts/${language}`)).json();
}

// Reasons of the engine, which are English, by how they read in the language of the page.
export function reasons() {
  return translated;
}

export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function known(key) {
  return key in texts;
}

export function named(thing) {
  return thing[language] || thing.id;
}

export function number(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  const most = Math.abs(value) >= 1000 ? Math.min(digits, 1) : digits;
  return new Intl.NumberFormat(locale, { maximumFractionDigits: most }).format(value);
}

export function fixed(value, digits = 1) {
  if (value === null || value === undefined) return "–";
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, style).format(value);
}

export function figure(value) {
  return value === null ? "–" : new Intl.NumberFormat(locale, { maximumSignificantDigits: 5 }).format(value);
}

export function percent(share, digits = 1) {
  const style = { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, style).format(share);
}
