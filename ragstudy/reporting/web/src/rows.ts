/** One row for each question: how the base and an arm did, and what that counts as. */

import type { Answers, Arm, Context, Head } from "./blocks";

export interface Row {
  place: number;
  id: string;
  question: string;
  type: string;
  base: number | null;
  tuned: number | null;
  change: number | null;
  basePoint: string;
  tunedPoint: string;
  kinds: Set<string>;
}

/** What the filter "show" offers: its value, and how the page calls it. */
export const SHOW: [string, string][] = [
  ["all", "all questions"],
  ["to-right", "wrong before, right after"],
  ["to-wrong", "right before, wrong after"],
  ["both-wrong", "wrong before and after"],
  ["better", "better score"],
  ["same", "same score"],
  ["worse", "worse score"],
  ["declined", "declined to answer"],
  ["unscored", "not scored"],
];

function mean(values: (number | null | undefined)[]): number | null {
  if (!values.length || values.some((value) => value === null || value === undefined)) return null;
  return (values as number[]).reduce((sum, value) => sum + value, 0) / values.length;
}

function commonest(names: (string | null | undefined)[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name ?? "", (counts.get(name ?? "") ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "";
}

/** Answers of an arm, one set for each training; those of a base are its only one. */
export function answersOf(context: Context, arm: Arm | undefined): Answers[] {
  return (arm?.generators ?? []).flatMap((name) => context.answers[name] ?? []);
}

export function rowsOf(head: Head, context: Context, arm: Arm): Row[] {
  const measure = Math.max(0, head.measures.indexOf(head.verdictMeasures[0] ?? ""));
  const tuned = answersOf(context, arm);
  const base = answersOf(context, head.arms.find((one) => one.name === arm.base));
  return head.questions.map((question, place) => {
    const before = mean(base.map((one) => one.scores[place]?.[measure]));
    const after = mean(tuned.map((one) => one.scores[place]?.[measure]));
    const basePoint = commonest(base.map((one) => one.point[place]));
    const tunedPoint = commonest(tuned.map((one) => one.point[place]));
    // Three times .8 is .8, not a little more.
    const change = before === null || after === null ? null : Number((after - before).toFixed(9));
    const kinds = new Set(["all"]);
    if (basePoint && tunedPoint) {
      if (basePoint !== "right" && tunedPoint === "right") kinds.add("to-right");
      if (basePoint === "right" && tunedPoint !== "right") kinds.add("to-wrong");
      if (basePoint !== "right" && tunedPoint !== "right") kinds.add("both-wrong");
    }
    if (change !== null) kinds.add(head.sign * change > 0 ? "better" : head.sign * change < 0 ? "worse" : "same");
    if (tuned.some((one) => one.abstains[place])) kinds.add("declined");
    if (after === null || (arm.base !== null && before === null)) kinds.add("unscored");
    const { id, text, type } = question;
    return { place, id, question: text, type, base: before, tuned: after, change, basePoint, tunedPoint, kinds };
  });
}
