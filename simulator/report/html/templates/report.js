"use strict";

const words = document.getElementById("words").dataset;
const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);

/* Numbers by size and before texts, texts by the language's order; blank cells last, whichever way. */
function compared(one, other, direction) {
  if (one === "" || other === "") return (one === "") - (other === "");
  const numbers = [Number(one), Number(other)];
  if (numbers.every(Number.isFinite)) return direction * (numbers[0] - numbers[1]);
  return direction * one.localeCompare(other, document.documentElement.lang);
}

function sort(table, column, direction) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row, place) => ({ row, place, key: row.cells[column].dataset.sort }));
  rows.sort((one, other) => compared(one.key, other.key, direction) || one.place - other.place);
  body.append(...rows.map((one) => one.row));
}

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.title = filled(words.sort, { column: heading.textContent });
    heading.replaceChildren(button);
    heading.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const rising = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((one) => one.setAttribute("aria-sort", "none"));
      heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
      sort(table, column, rising ? 1 : -1);
    });
  });
}

function searchable(block, table) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 8) return;
  const tools = document.createElement("div");
  tools.className = "tools";
  const label = document.createElement("label");
  label.textContent = words.search;
  const field = document.createElement("input");
  field.type = "search";
  field.id = `${block.id}-search`;
  label.htmlFor = field.id;
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  count.className = "note";
  tools.append(label, field, count);
  block.prepend(tools);
  field.addEventListener("input", () => {
    const asked = field.value.trim().toLocaleLowerCase();
    rows.forEach((row) => { row.hidden = !row.textContent.toLocaleLowerCase().includes(asked); });
    const shown = rows.filter((row) => !row.hidden).length;
    count.textContent = asked ? filled(words.hint, { shown, all: rows.length }) : "";
  });
}

for (const block of document.querySelectorAll(".table")) {
  const table = block.querySelector("table");
  sortable(table);
  searchable(block, table);
}

/* One after the other, so that the page can be read at once; the font first, by which texts are measured. */
async function draw() {
  await document.fonts.ready;
  const charts = JSON.parse(document.getElementById("charts").textContent);
  for (const [id, chart] of Object.entries(charts)) {
    const place = document.getElementById(id);
    await vegaEmbed(place, chart, { renderer: "svg", actions: false, mode: "vega-lite" });
    place.querySelector("svg").setAttribute("aria-hidden", "true"); // the place says in words what it shows
    await new Promise((resume) => { setTimeout(resume); });
  }
  document.documentElement.dataset.drawn = "all";
}

draw();
