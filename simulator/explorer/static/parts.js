// Pieces of the page: elements, and sliders with the value of the definition marked.
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "for" || name === "role" || name === "scope") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

export function drawn(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// A range of `low` to `high` with a mark at `own`; `thumb` is as wide as half a thumb, so that the mark meets it.
export function slider({ id, label, low, high, step, value, own, extra = [], ends = [] }) {
  const input = element("input", { type: "range", id, min: low, max: high, step, value });
  const output = element("output", { htmlFor: id });
  const mark = element("span", { className: "mark", "aria-hidden": "true" });
  const share = high > low ? (own - low) / (high - low) : 0;
  mark.style.left = `calc(${share} * (100% - 16px) + 7px)`;
  const row = element("div", { className: "slider" },
    element("label", { for: id, textContent: label }), output, ...extra,
    element("div", { className: "track" }, input, mark));
  if (ends.length) row.append(element("div", { className: "ends" }, ...ends.map((end) => element("span", { textContent: end }))));
  return { row, input, output };
}
