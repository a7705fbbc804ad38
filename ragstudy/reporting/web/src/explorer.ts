/** The explorer: a grid of questions with filters, and the chosen question below it. */

import { type ColumnDefinition, type RowComponent, Tabulator } from "tabulator-tables";
import { type Arm, type Context, type Head, readBlock } from "./blocks";
import { byId, element, score, signed } from "./dom";
import { articleOf } from "./one";
import { type Row, rowsOf, SHOW } from "./rows";

const FILTERS = ["prompts", "arm", "show", "point", "type", "find"] as const;
type Filter = (typeof FILTERS)[number];
const HEIGHT = "22rem";

const BY_SIZE: Partial<ColumnDefinition> = { sorter: "number", sorterParams: { alignEmptyValues: "bottom" }, hozAlign: "right" };
const COLUMNS: ColumnDefinition[] = [
  { title: "question", field: "question", widthGrow: 4, minWidth: 220 },
  { title: "type", field: "type", width: 110 },
  { title: "base", field: "base", width: 80, ...BY_SIZE, formatter: (cell) => score(cell.getValue()) },
  { title: "tuned", field: "tuned", width: 85, ...BY_SIZE, formatter: (cell) => score(cell.getValue()) },
  { title: "change", field: "change", width: 95, ...BY_SIZE, formatter: (cell) => signed(cell.getValue()) },
  { title: "base fails at", field: "basePoint", widthGrow: 1, minWidth: 130 },
  { title: "tuned fails at", field: "tunedPoint", widthGrow: 1, minWidth: 130 },
];

export class Explorer {
  private readonly contexts = new Map<string, Context>();
  private readonly texts = new Map<string, string[]>();
  private rows: Row[] = [];
  private chosen = -1;
  private marked: HTMLElement | null = null;

  private constructor(
    private readonly head: Head,
    private readonly grid: Tabulator,
  ) {}

  static async open(): Promise<Explorer> {
    const head = await readBlock<Head>("questions");
    byId("explorer").hidden = false;
    const grid = new Tabulator("#questions-grid", {
      columns: COLUMNS,
      data: [],
      height: HEIGHT,
      layout: "fitColumns",
      index: "place",
      placeholder: "No question passes these filters.",
      columnDefaults: { titleFormatter: "plaintext", headerSortTristate: true },
    });
    await new Promise<void>((done) => grid.on("tableBuilt", () => done()));
    const explorer = new Explorer(head, grid);
    explorer.offer();
    explorer.listen();
    await explorer.follow();
    return explorer;
  }

  /** Fill the filters with what this domain has. */
  private offer(): void {
    const { head } = this;
    const tuned = head.arms.filter((arm) => arm.base !== null);
    const options: Record<Exclude<Filter, "find" | "point">, [string, string][]> = {
      prompts: head.contexts.map((name) => [name, name]),
      arm: (tuned.length ? tuned : head.arms).map((arm) => [arm.name, arm.name]),
      show: SHOW,
      type: [["", "any type"], ...[...new Set(head.questions.map((one) => one.type))].sort().map(twice)],
    };
    for (const [name, values] of Object.entries(options)) {
      byId(`filter-${name}`).replaceChildren(...values.map(([value, text]) => element("option", { value }, text)));
    }
    this.set("prompts", head.headline);
    this.set("arm", head.openArm);
  }

  private listen(): void {
    for (const name of FILTERS) {
      byId(`filter-${name}`).addEventListener(name === "find" ? "input" : "change", () => void this.refresh(name));
    }
    this.grid.on("rowClick", (_, row: RowComponent) => this.choose((row.getData() as Row).place));
    byId("previous").addEventListener("click", () => this.step(-1));
    byId("next").addEventListener("click", () => this.step(1));
    byId("explorer").addEventListener("keydown", (event) => {
      if ((event.target as HTMLElement).matches("input, select") || event.altKey || event.ctrlKey || event.metaKey) return;
      const by = { ArrowLeft: -1, ArrowRight: 1, k: -1, j: 1 }[event.key];
      if (by) {
        event.preventDefault();
        this.step(by);
      }
    });
    window.addEventListener("hashchange", () => void this.follow());
  }

  private value(name: Filter): string {
    return byId<HTMLInputElement | HTMLSelectElement>(`filter-${name}`).value;
  }

  private set(name: Filter, value: string): void {
    const field = byId<HTMLInputElement | HTMLSelectElement>(`filter-${name}`);
    if (field instanceof HTMLInputElement || [...field.options].some((option) => option.value === value)) {
      field.value = value;
    }
  }

  private get arm(): Arm {
    const wanted = this.value("arm");
    const found = this.head.arms.find((arm) => arm.name === wanted) ?? this.head.arms[0];
    if (!found) throw new Error("the domain has no arm");
    return found;
  }

  private async context(): Promise<Context> {
    const name = this.value("prompts");
    let found = this.contexts.get(name);
    if (!found) {
      found = await readBlock<Context>(`answers-${this.head.contexts.indexOf(name)}`);
      this.contexts.set(name, found);
    }
    return found;
  }

  /** Do what the address says after #: filters and a question, as a link gives them. */
  private async follow(): Promise<void> {
    const wanted = new URLSearchParams(location.hash.slice(1));
    // A link says all of the filters: what it does not name is not filtered.
    const left: Partial<Record<Filter, string>> = location.hash.includes("=") ? { show: "all", type: "", find: "", point: "" } : {};
    for (const name of FILTERS) {
      const value = wanted.get(name) ?? left[name];
      if (value !== undefined) this.set(name, value);
    }
    const place = this.head.questions.findIndex((one) => one.id === wanted.get("question"));
    if (place >= 0) this.chosen = place;
    await this.refresh("prompts");
    if (place >= 0 || wanted.has("show")) byId("explorer").scrollIntoView();
  }

  /** Show what the filters say. */
  private async refresh(changed: Filter): Promise<void> {
    const context = await this.context();
    if (changed === "prompts" || changed === "arm") {
      this.rows = rowsOf(this.head, context, this.arm);
      this.offerPoints();
      await this.grid.replaceData(this.rows);
    }
    const passes = this.test(context);
    this.grid.setFilter((row: Row) => passes(row));
    const left = this.rows.filter(passes);
    byId("questions-count").textContent = `${left.length} of ${this.rows.length} questions`;
    if (!left.some((row) => row.place === this.chosen)) this.chosen = left[0]?.place ?? -1;
    await this.show(false);
  }

  private offerPoints(): void {
    const before = this.value("point");
    const points = [...new Set(this.rows.map((row) => row.tunedPoint))].filter((name) => name).sort();
    const options: [string, string][] = [["", "any failure point"], ...points.map(twice)];
    byId("filter-point").replaceChildren(...options.map(([value, text]) => element("option", { value }, text)));
    this.set("point", before);
  }

  private test(context: Context): (row: Row) => boolean {
    const [show, point, type] = [this.value("show"), this.value("point"), this.value("type")];
    const words = this.value("find").toLowerCase().split(/\s+/).filter((word) => word);
    const texts = words.length ? this.textsOf(context) : [];
    return (row) =>
      row.kinds.has(show) &&
      (!point || row.tunedPoint === point) &&
      (!type || row.type === type) &&
      words.every((word) => texts[row.place]?.includes(word));
  }

  /** For each question everything that can be found about it, in small letters. */
  private textsOf(context: Context): string[] {
    let found = this.texts.get(context.contexts);
    if (!found) {
      const answers = Object.values(context.answers);
      found = this.head.questions.map((one, place) =>
        [one.id, one.text, ...one.references, ...answers.map((answer) => answer.text[place] ?? "")]
          .join("\n")
          .toLowerCase(),
      );
      this.texts.set(context.contexts, found);
    }
    return found;
  }

  private choose(place: number): void {
    this.chosen = place;
    void this.show(true);
  }

  /** Go to the next or previous question of the grid, in its order. */
  private step(by: number): void {
    const places = this.grid.getRows("active").map((row) => (row.getData() as Row).place);
    const at = places.indexOf(this.chosen);
    const next = places[Math.min(Math.max(at + by, 0), places.length - 1)];
    if (next !== undefined) this.choose(next);
  }

  private async show(byHand: boolean): Promise<void> {
    const place = this.chosen;
    byId("question").replaceChildren(
      ...(place < 0 ? [] : articleOf(this.head, await this.context(), place, this.arm)),
    );
    this.mark(place);
    if (place < 0) return;
    const link = `#${new URLSearchParams({ ...this.link(), question: this.head.questions[place]?.id ?? "" })}`;
    byId<HTMLAnchorElement>("question-link").href = link;
    if (byHand) {
      history.replaceState(null, "", link);
      await this.grid.scrollToRow(place, "nearest", false).catch(() => undefined);
    }
  }

  /** Mark the row of a question, and no other. */
  private mark(place: number): void {
    this.marked?.classList.remove("chosen");
    const row = place < 0 ? false : this.grid.getRow(place);
    this.marked = row ? row.getElement() : null;
    this.marked?.classList.add("chosen");
  }

  /** The filters that are set, as an address has them. */
  private link(): Record<string, string> {
    const set = FILTERS.map((name) => [name, this.value(name)] as const).filter(([, value]) => value && value !== "all");
    return Object.fromEntries(set);
  }
}

function twice(name: string): [string, string] {
  return [name, name];
}
