/** The data blocks of a page: JSON, compressed by zlib, in base64. */

export interface Question {
  id: string;
  text: string;
  type: string;
  group: string;
  references: string[];
  facts: string[][];
}

export interface Arm {
  name: string;
  base: string | null;
  generators: string[];
}

export interface Head {
  domain: string;
  headline: string;
  openArm: string;
  /** -1 where less of the main measure is better. */
  sign: number;
  contexts: string[];
  measures: string[];
  verdictMeasures: string[];
  arms: Arm[];
  questions: Question[];
  passages: [string, string][];
}

export interface Answers {
  text: string[];
  stopped: string[];
  nShown: number[];
  point: (string | null)[];
  scores: (number | null)[][];
  facts: number[][];
  /** Side (answer or reference), claim, standing, the most similar claim of the other text, words it makes no likelier. */
  claims: [string, string, string, string, string][][];
  abstains: number[];
}

export interface Context {
  contexts: string;
  shown: number[][];
  gold: number[][];
  answers: Record<string, Answers>;
}

/** The content of a block, which the page holds in a script element. */
export async function readBlock<T>(id: string): Promise<T> {
  const text = document.getElementById(`data-${id}`)?.textContent ?? "";
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return (await new Response(stream).json()) as T;
}
