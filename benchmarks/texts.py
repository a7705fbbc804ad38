"""How the texts and questions of domains compare: length, vocabulary, sentences, and how hard the retrieval is.

python benchmarks/texts.py corpora/medicine corpora/nq ... [--no-search]
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
from pathlib import Path

from ragstudy.corpus import load_domain
from ragstudy.retrieval.relevance import ranking_quality
from ragstudy.specs import parse_study
from ragstudy.study.execute.retrieve import retrieve
from ragstudy.study.plan.make import make_plan
from ragstudy.study.progress import NullReporter
from ragstudy.study.run_folder import RunFolder

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_SAMPLE = 20_000


def searched(folder: Path, cuts: tuple[int, ...]) -> list[str]:
    """recall@k of the domain's test questions with the default embedder, for each k."""
    content = {
        "name": "texts",
        "domains": [str(folder)],
        "generators": [{"kind": "extractive", "name": "x"}],
        "retrieval": {"chunk_tokens": 128, "chunk_overlap": 16, "top_k": max(cuts)},
    }
    with tempfile.TemporaryDirectory() as out:
        plan, run = make_plan(parse_study(content, "texts")), RunFolder(Path(out) / "run")
        retrieve(plan, run, NullReporter())
        asked = {question.id for question in plan.domains[0].test}
        found = [one for one in run.retrievals() if one.question in asked]
    return [f"{quality.recall:.2f}" if (quality := ranking_quality(found, k)) else "-" for k in cuts]


def row(folder: Path, *, search: bool) -> str:
    """One line of the table."""
    domain = load_domain(folder)
    text = "\n".join(document.text for document in domain.documents)
    words = re.findall(r"[^\W\d_]+", text)
    sample = [word.casefold() for word in words[:_SAMPLE]]
    sentences = [len(one.split()) for one in _SENTENCE.split(text) if len(one.split()) > 1]
    spread = statistics.stdev(sentences)
    questions = [len(question.text.split()) for question in domain.questions]
    cells = [
        domain.name,
        str(len(domain.documents)),
        f"{len(words) / len(domain.documents):.0f}",
        f"{len(set(sample)):,}" if len(sample) == _SAMPLE else f"{len(set(sample)):,} of {len(sample):,}",
        f"{statistics.mean(sentences):.1f} ({spread:.1f})",
        f"{statistics.mean(questions):.1f} ({statistics.stdev(questions):.1f})",
        *(searched(folder, (1, 3, 5)) if search else ["", "", ""]),
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("domains", nargs="+", type=Path)
    parser.add_argument("--no-search", action="store_true")
    given = parser.parse_args()
    print(
        f"| domain | documents | words each | distinct words among the first {_SAMPLE:,} | words a sentence (sd) | "
        "words a question (sd) | recall@1 | @3 | @5 |\n|---|---|---|---|---|---|---|---|---|"
    )
    for folder in given.domains:
        print(row(folder, search=not given.no_search), flush=True)


if __name__ == "__main__":
    main()
