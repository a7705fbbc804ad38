/** Tables of the page as grids that sort, filter and export; without scripts they stay what they are. */

import { type CellComponent, type ColumnDefinition, Tabulator } from "tabulator-tables";
import { element } from "./dom";

interface Cell {
  text: string;
  value: number | string | null;
  kind: string;
}

type Record_ = Record<string, Cell>;

/** Turn a table into a grid once its reader asks for it. */
export function enhance(table: HTMLTableElement): void {
  const name = table.dataset["name"] ?? "table";
  const button = element("button", { type: "button", class: "tool" }, "Sort, filter, export");
  button.addEventListener("click", () => {
    button.remove();
    toGrid(table, name);
  });
  table.parentElement?.before(button);
}

function toGrid(table: HTMLTableElement, name: string): void {
  const titles = [...table.tHead!.rows[0]!.cells].map((cell) => cell.textContent.trim());
  const records = [...table.tBodies].flatMap((body) => [...body.rows]).map((row) => recordOf(row));
  const columns: ColumnDefinition[] = titles.map((title, place) => ({
    title,
    field: `${place}`,
    titleFormatter: "plaintext",
    formatter: shown,
    sorter: (a: Cell, b: Cell) => order(a, b),
    hozAlign: isNumber(records, place) ? "right" : "left",
    headerFilter: "input",
    headerFilterParams: { elementAttributes: { "aria-label": `only rows whose ${title} holds` } },
    headerFilterFunc: (wanted: string, cell: Cell) => cell.text.toLowerCase().includes(wanted.toLowerCase()),
    accessorDownload: (cell: Cell) => cell.value ?? "",
    minWidth: 90,
  }));
  const place = element("div", { class: "as-grid" });
  const tools = element("p");
  const save = element("button", { type: "button", class: "tool" }, "CSV");
  table.parentElement?.replaceWith(tools, place);
  tools.append(save);
  const grid = new Tabulator(place, { data: records, columns, layout: "fitDataStretch", renderVertical: "basic" });
  save.addEventListener("click", () => grid.download("csv", `${name}.csv`));
}

function recordOf(row: HTMLTableRowElement): Record_ {
  return Object.fromEntries(
    [...row.cells].map((cell, place) => {
      const raw = cell.dataset["value"];
      const text = cell.textContent.trim().replace(/\s+/g, " ");
      const value = raw === undefined ? text : raw === "" ? null : Number(raw);
      return [`${place}`, { text, value, kind: cell.querySelector(".v")?.className ?? "" }];
    }),
  );
}

function shown(cell: CellComponent): HTMLElement {
  const { text, kind } = cell.getValue() as Cell;
  return element("span", kind ? { class: kind } : {}, text);
}

function isNumber(records: Record_[], place: number): boolean {
  return records.some((record) => typeof record[`${place}`]?.value === "number");
}

/** Numbers by size, what is not known last, texts by letters. */
function order(a: Cell, b: Cell): number {
  if (typeof a.value === "number" && typeof b.value === "number") return a.value - b.value;
  if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
  return a.text.localeCompare(b.text);
}
