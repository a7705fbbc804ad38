/** One question: what was asked, what was shown, and what every arm said. */

import { diffWords } from "diff";
import { type Answers, type Arm, type Context, type Head } from "./blocks";
import { anyOf, element, marked, score } from "./dom";

/** Longer texts are shown without their differences, which would take seconds to find. */
const LONGEST_COMPARED = 20_000;
const SHORT_REFERENCE = 8;

interface Shown {
  head: Head;
  context: Context;
  place: number;
  pattern: RegExp | null;
}

/** The article about a question, with the chosen arm beside its base first and the others below. */
export function articleOf(head: Head, context: Context, place: number, arm: Arm): HTMLElement[] {
  const question = head.questions[place];
  if (!question) return [];
  const short = question.references.filter((text) => text.split(/\s+/).length <= SHORT_REFERENCE);
  const pattern = anyOf(question.facts.length ? question.facts.flat() : short);
  const shown: Shown = { head, context, place, pattern };
  const base = head.arms.find((one) => one.name === arm.base);
  const others = head.arms.filter((one) => one !== arm && one !== base);
  const about = `${question.id} · ${question.type}${question.group ? ` · from ${question.group}` : ""}`;
  const references = question.references.length ? question.references : ["(the corpus holds no answer)"];
  return [
    element("h3", { dir: "auto" }, question.text),
    element("p", { class: "soft" }, about),
    element("dl", { class: "reference" }, element("dt", {}, "reference"), ...references.map(said), ...required(shown)),
    element("div", { class: "sides" }, ...(base ? side(shown, base, arm) : []), ...side(shown, arm, base)),
    element("h4", {}, `Passages (${context.contexts})`),
    ...passages(shown),
    ...(others.length ? [rest(shown, others)] : []),
  ];
}

function said(text: string): HTMLElement {
  return element("dd", { dir: "auto" }, text);
}

function required({ head, place }: Shown): HTMLElement[] {
  const facts = head.questions[place]?.facts ?? [];
  if (!facts.length) return [];
  return [element("dt", {}, "a complete answer names"), said(facts.map((forms) => forms.join(" or ")).join("; "))];
}

function rest(shown: Shown, arms: Arm[]): HTMLElement {
  const sides = element("div", { class: "sides" }, ...arms.flatMap((arm) => side(shown, arm, undefined)));
  return element("details", { open: "" }, element("summary", {}, "All other arms"), sides);
}

/** A card for each training of an arm; the words that the other one does not say are underlined. */
function side(shown: Shown, arm: Arm, other: Arm | undefined): HTMLElement[] {
  const { context, place } = shown;
  const others = other ? context.answers[other.generators[0] ?? ""] : undefined;
  const compared = others && others.stopped[place] !== "error" ? (others.text[place] ?? "") : null;
  return arm.generators.flatMap((name) => {
    const answers = context.answers[name];
    if (!answers) return [];
    const head = element("header", {}, element("strong", {}, name), ...badge(answers.point[place]));
    const text = element("p", { class: "said", dir: "auto" }, ...words(answers, place, compared, shown.pattern));
    return [element("section", { class: "side" }, head, text, scores(shown, answers), ...facts(shown, answers), ...claims(shown, answers))];
  });
}

function words(answers: Answers, place: number, compared: string | null, pattern: RegExp | null): (Node | string)[] {
  const text = answers.text[place] ?? "";
  if (answers.stopped[place] === "error") return [element("em", {}, `failed: ${text}`)];
  if (!text) return [element("em", {}, "(empty)")];
  const cut = answers.stopped[place] === "length" ? [element("em", {}, " (cut at its longest)")] : [];
  const parts =
    compared === null || text.length + compared.length > LONGEST_COMPARED ? undefined : diffWords(compared, text);
  if (!parts) return [...marked(text, pattern), ...cut];
  const kept = parts.filter((part) => !part.removed);
  return [
    ...kept.flatMap((part) => (part.added ? [element("ins", {}, ...marked(part.value, pattern))] : marked(part.value, pattern))),
    ...cut,
  ];
}

function badge(point: string | null | undefined): HTMLElement[] {
  if (!point) return [];
  return [element("span", { class: point === "right" ? "badge right" : "badge wrong" }, point)];
}

function scores({ head, context, place }: Shown, answers: Answers): HTMLElement {
  const told = head.measures.map((measure, number) => [measure, answers.scores[place]?.[number]] as const);
  const known = told.filter(([, value]) => value !== null && value !== undefined);
  const values = known.map(([measure, value]) => `${measure} ${score(value)}`).join(" · ") || "not scored";
  const [n, most] = [answers.nShown[place] ?? 0, context.shown[place]?.length ?? 0];
  const text = n < most ? `${values} · saw ${n} of ${most} passages` : values;
  return element("p", { class: "soft" }, text);
}

/** Which of the facts that a complete answer names were found. */
function facts({ head, place }: Shown, answers: Answers): HTMLElement[] {
  const forms = head.questions[place]?.facts ?? [];
  if (!forms.length) return [];
  const items = forms.map((names, number) => {
    const found = Boolean(answers.facts[place]?.[number]);
    return element("li", { class: found ? "found" : "missing" }, `${names[0] ?? ""}${found ? "" : " (missing)"}`);
  });
  return [element("ul", { class: "facts" }, ...items)];
}

/** The claims of the answer and of the reference, and whether the other text supports them. */
function claims({ place }: Shown, answers: Answers): HTMLElement[] {
  const rows = answers.claims[place] ?? [];
  return [
    ["answer", "what it says"],
    ["reference", "what it has to say"],
  ].flatMap(([side, title]) => {
    const mine = rows.filter((row) => row[0] === side);
    if (!mine.length) return [];
    const items = mine.map(([, claim, standing, evidence, unexplained]) => {
      const words = unexplained ? [element("span", { class: "soft" }, ` the answer makes no likelier: ${unexplained}`)] : [];
      const kind = standing === "supported" ? "found" : "missing";
      return element("li", { class: kind, title: evidence, dir: "auto" }, `${claim} (${standing})`, ...words);
    });
    return [element("p", { class: "soft" }, title!), element("ul", { class: "facts" }, ...items)];
  });
}

function passages({ head, context, place, pattern }: Shown): HTMLElement[] {
  const numbers = context.shown[place] ?? [];
  if (!numbers.length) return [element("p", { class: "soft" }, "none were shown")];
  const items = numbers.map((number, rank) => {
    const [name, text] = head.passages[number] ?? ["", ""];
    const gold = context.gold[place]?.[rank] ? [element("span", { class: "badge gold" }, "gold")] : [];
    const about = element("div", { class: "soft" }, `${name} `, ...gold);
    return element("li", { dir: "auto" }, about, ...marked(text, pattern));
  });
  return [element("ol", { class: "passages" }, ...items)];
}
