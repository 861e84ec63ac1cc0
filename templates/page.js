"use strict";
// Sorts and filters the rows. The part of the address after # has the state: #sort=UsageCount&order=descending&filter=prod
{
  const BODY_ROWS = 100;
  const table = document.getElementById("rows");
  const filter = document.getElementById("filter");
  const rows = Array.from(table.querySelectorAll("tbody tr"));
  const headers = Array.from(table.tHead.rows[0].cells);
  const names = headers.map(header => header.textContent);
  const texts = new Map();
  const original = new Map(rows.map((row, index) => [row, index]));
  let sorted = -1;
  let order = "ascending";

  const text = row => {
    if (!texts.has(row)) texts.set(row, row.textContent.toLowerCase());
    return texts.get(row);
  };

  function sort() {
    if (sorted < 0) return;
    const isNumber = headers[sorted].classList.contains("number");
    const keys = new Map(rows.map(row => {
      const key = row.cells[sorted].textContent;
      return [row, isNumber && key ? Number(key.replaceAll(",", "")) : key];
    }));
    const sign = order === "ascending" ? 1 : -1;
    rows.sort((a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      // Empty cells are last in both orders, and equal ones keep the order of the output.
      if (x === y) return original.get(a) - original.get(b);
      if (x === "" || y === "") return x === "" ? 1 : -1;
      return x < y ? -sign : sign;
    });
    headers.forEach((header, index) => {
      if (index === sorted) header.setAttribute("aria-sort", order);
      else header.removeAttribute("aria-sort");
    });
  }

  function show() {
    const words = filter.value.toLowerCase().split(/\s+/);
    const shown = rows.filter(row => words.every(word => text(row).includes(word)));
    const bodies = [];
    for (let start = 0; start < shown.length; start += BODY_ROWS) {
      const body = document.createElement("tbody");
      body.append(...shown.slice(start, start + BODY_ROWS));
      bodies.push(body);
    }
    table.replaceChildren(table.tHead, ...bodies);
    document.getElementById("count").value = shown.length === rows.length
      ? `${rows.length.toLocaleString("en")} rows`
      : `${shown.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} rows`;
  }

  function save() {
    const state = new URLSearchParams();
    if (sorted >= 0) {
      state.set("sort", names[sorted]);
      state.set("order", order);
    }
    if (filter.value) state.set("filter", filter.value);
    history.replaceState(null, "", `#${state}`);
  }

  function load() {
    const state = new URLSearchParams(location.hash.slice(1));
    sorted = names.indexOf(state.get("sort"));
    order = state.get("order") === "descending" ? "descending" : "ascending";
    filter.value = state.get("filter") ?? "";
  }

  headers.forEach((header, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = names[index];
    button.addEventListener("click", () => {
      const isNumber = header.classList.contains("number");
      const first = isNumber ? "descending" : "ascending";
      const second = isNumber ? "ascending" : "descending";
      order = sorted === index && order === first ? second : first;
      sorted = index;
      sort();
      show();
      save();
    });
    header.replaceChildren(button);
  });
  filter.addEventListener("input", () => { show(); save(); });
  document.getElementById("controls").addEventListener("submit", event => event.preventDefault());
  load();
  document.getElementById("controls").hidden = false;
  if (sorted >= 0 || filter.value) { sort(); show(); } else { document.getElementById("count").value = `${rows.length.toLocaleString("en")} rows`; }
}
