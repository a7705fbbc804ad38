/** Elements with text; no text is ever read as HTML. */

type Child = Node | string;

export function element(name: string, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found as T;
}

/** A score as everywhere in the report: three decimals without the zero before the point. */
export function score(value: number | null | undefined): string {
  if (value === null || value === undefined) return "-";
  return Math.abs(value) >= 2 ? value.toFixed(1) : value.toFixed(3).replace(/^(-?)0\./, "$1.");
}

export function signed(value: number | null): string {
  return value === null ? "-" : `${value < 0 ? "-" : "+"}${score(Math.abs(value))}`;
}

/** The text with every place of a pattern marked. */
export function marked(text: string, pattern: RegExp | null): Child[] {
  if (!pattern) return [text];
  const parts: Child[] = [];
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    if (!found[0]) continue;
    parts.push(text.slice(at, found.index), element("mark", {}, found[0]));
    at = found.index + found[0].length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** Any of some texts as whole words, however they are written; null where there is none. */
export function anyOf(texts: string[]): RegExp | null {
  const wanted = [...new Set(texts.map((text) => text.trim()).filter((text) => text))];
  if (!wanted.length) return null;
  wanted.sort((a, b) => b.length - a.length);
  const escaped = wanted.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s+/g, "\\s+"));
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${escaped.join("|")})(?![\\p{L}\\p{N}])`, "giu");
}
