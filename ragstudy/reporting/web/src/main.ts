import { DownloadModule, EditModule, FilterModule, FormatModule, InteractionModule, ResizeTableModule, SortModule, Tabulator, AccessorModule, ExportModule } from "tabulator-tables";
import { element } from "./dom";
import { Explorer } from "./explorer";
import { enhance } from "./tables";

Tabulator.registerModule([
  AccessorModule,
  DownloadModule,
  EditModule,
  ExportModule,
  FilterModule,
  FormatModule,
  InteractionModule,
  ResizeTableModule,
  SortModule,
]);

function tellFailure(reason: unknown): void {
  const told = `The answers cannot be shown: ${reason instanceof Error ? reason.message : String(reason)}`;
  document.getElementById("explorer")?.before(element("p", { class: "warning", role: "alert" }, told));
}

for (const table of document.querySelectorAll<HTMLTableElement>("table.data")) enhance(table);
if (document.getElementById("explorer")) Explorer.open().catch(tellFailure);
