"""Do the offline scorers err differently on short and long answers, on lists, on what different models write?

    python benchmarks/scorer_bias.py --answers NQ.json --pairs human_labeled_data.json --stored baseline_ragchecker.json

`--answers` are EVOUNA's verdicts on single answers, `--pairs` RAGChecker's preferences between two long answers.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.audit.labels import HumanLabels, read_labels
from ragstudy.audit.scores import STORED, ItemScores
from ragstudy.generation.likelihood import likelihood_source
from ragstudy.scoring.claims import judge
from ragstudy.scoring.known_errors import UP_TO
from ragstudy.scoring.words import WordWeights, without_citations
from ragstudy.text import n_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMS = {
    "as a list": "- {}",
    "in bold": "**{}**",
    "with a citation": "{} [2]",
    "below a heading": "# Answer\n\n{}",
    "after a phrase": "According to the passage, the answer is: {}",
}
_LIST = re.compile(r"^\s*([-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_N_DRAWS = 500


def of_answers(labels: HumanLabels) -> None:
    """Sensitivity and specificity by length and by system, and how many calls depend on form alone."""
    answers = labels.answers
    weights = WordWeights(text for one in answers for text in (*one.question.references, one.answer))

    def called(form: str) -> NDArray[np.bool_]:
        texts = [form.format(one.answer.strip()) if one.answer.strip() else "" for one in answers]
        pairs = zip(answers, map(without_citations, texts), strict=True)
        return np.asarray([judge(one.question, text, weights).accuracy >= 0.5 for one, text in pairs])  # noqa: PLR2004

    plain, right = called("{}"), np.asarray([one.labels[0] > 0.5 for one in answers])  # noqa: PLR2004
    classes = np.searchsorted(UP_TO, [n_words(one.answer) for one in answers])
    systems = np.asarray([one.system for one in answers])
    print("| words | right answers | called right | wrong answers | called wrong | called right, by system |")
    print("|---|---|---|---|---|---|")
    for number, most in enumerate(UP_TO):
        mine = classes == number
        each = ", ".join(
            f"{name} {plain[rows].mean():.2f}"
            for name in sorted(set(systems))
            if (rows := mine & right & (systems == name)).sum() > 30  # noqa: PLR2004 - fewer say nothing
        )
        print(
            f"| up to {most:g} | {(mine & right).sum()} | {plain[mine & right].mean():.3f} | {(mine & ~right).sum()} | "
            f"{(~plain[mine & ~right]).mean():.3f} | {each} |"
        )
    for name, form in _FORMS.items():
        print(f"{name}: {(called(form) != plain).mean():.4f} of the calls change")


def of_pairs(labels: HumanLabels) -> None:
    """What people's preference depends on beside the difference of the scores: length, and being a list."""
    scores = ItemScores(labels, (), None, lambda: None, likelihood_source("auto"))
    words = np.asarray([[n_words(text) for text in pair.answers] for pair in labels.pairs], dtype=float)
    lists = np.asarray([[bool(_LIST.search(text)) for text in pair.answers] for pair in labels.pairs], dtype=float)
    doublings, listed = np.log2((words[:, 1] + 1) / (words[:, 0] + 1)), lists[:, 1] - lists[:, 0]
    questions = np.asarray([pair.question.id for pair in labels.pairs])
    print("\n| scorer | axis | one standard deviation of the score | a doubling of the length | being a list |")
    print("|---|---|---|---|---|")
    for scorer in ("accuracy", "completeness", "token_f1", STORED):
        for axis in ("correctness", "completeness") if scorer in ("token_f1", STORED) else (_axis_of(scorer),):
            found = scores.of(scorer, axis)[0]
            preferred = np.asarray([np.mean(pair.labels[axis]) for pair in labels.pairs])
            columns = np.stack([found / np.nanstd(found), doublings, listed], axis=1)
            known = ~np.isnan(found)
            slopes = _slopes(columns[known], preferred[known], questions[known])
            print(f"| `{scorer}` | {axis} | {' | '.join(slopes)} |", flush=True)


def _axis_of(measure: str) -> str:
    return "correctness" if measure == "accuracy" else measure


def _slopes(columns: NDArray[np.float64], wanted: NDArray[np.float64], questions: NDArray[np.str_]) -> list[str]:
    """Least squares, with intervals of a bootstrap over questions."""
    rng, names = np.random.default_rng(1), np.unique(questions)
    rows = {name: np.flatnonzero(questions == name) for name in names}

    def fit(some: NDArray[np.intp]) -> NDArray[np.float64]:
        return np.asarray(np.linalg.lstsq(columns[some], wanted[some])[0])

    draws = [fit(np.concatenate([rows[name] for name in rng.choice(names, len(names))])) for _ in range(_N_DRAWS)]
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    found = fit(np.arange(len(wanted)))
    return [f"{value:+.2f} [{a:+.2f}, {b:+.2f}]" for value, a, b in zip(found, low, high, strict=True)]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--answers", type=Path, help="EVOUNA's file")
    parser.add_argument("--pairs", type=Path, help="RAGChecker's file of preferences")
    parser.add_argument("--stored", type=Path, help="scores that came with these")
    args = parser.parse_args()
    if args.answers:
        of_answers(read_labels(args.answers, "evouna"))
    if args.pairs:
        of_pairs(read_labels(args.pairs, "ragchecker", args.stored))


if __name__ == "__main__":
    main()
