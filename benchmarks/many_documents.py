"""Thousands of documents: time and memory of importing and indexing them, after a kill, and with ten more.

    python benchmarks/many_documents.py [--documents 5000]

Runs the commands that a person would type, over generated Markdown files, in a folder and a cache of its own.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_WORDS = (
    "balance",
    "cabinet",
    "dampen",
    "eastern",
    "fabric",
    "gallery",
    "harbour",
    "iron",
    "journey",
    "kettle",
    "lantern",
)
_STUDY = """\
name: many
domains: [{path: ../corpora/many, n_test: 20}]
retrieval: {chunk_tokens: 128, chunk_overlap: 16, top_k: 5}
generators: [{kind: extractive, name: extractive}]
contexts: [retrieved]
"""


def write(folder: Path, numbers: range) -> None:
    """Documents of about 90 words, each about a part of its own.

    Args:
        folder: where they go.
        numbers: of the documents.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        rng = random.Random(number)
        lines = [" ".join(rng.choices(_WORDS, k=16)).capitalize() + "." for _ in range(5)]
        text = f"# Part P-{number}\n\nPart P-{number} weighs {number % 97 + 3} kg.\n\n" + "\n\n".join(lines)
        (folder / f"p{number}.md").write_text(text)


def ragstudy(*arguments: str, kill_after: float | None = None) -> tuple[float, str]:
    """Seconds and output of a command.

    Args:
        arguments: of `ragstudy`.
        kill_after: seconds after which it is killed.
    """
    start = time.perf_counter()
    command = [sys.executable, "-m", "ragstudy", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603 - its own command
        try:
            output = process.communicate(timeout=kill_after)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0]
    return time.perf_counter() - start, output


def shown(output: str) -> str:
    """The first and the last line about embedding, and what was indexed."""
    lines = [line for line in output.splitlines() if "embedding" in line or "indexed" in line]
    return "; ".join([*lines[:1], *lines[-2:]]) or "nothing was embedded"


def main() -> None:
    """Print what each step took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=5000)
    n = parser.parse_args().documents
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["RAGSTUDY_CACHE"] = str(Path(folder) / "cache")
        write(Path("docs"), range(n))
        rows = [
            f"What does part P-{number} weigh?,{number % 97 + 3} kg,p{number}.md" for number in range(0, n, n // 40)
        ]
        Path("qa.csv").write_text("\n".join(["question,answer,document", *rows]))
        seconds, output = ragstudy("init", "many", "--docs", "docs", "--qa", "qa.csv")
        print(f"import: {seconds:.1f} s; {output.splitlines()[0]}", flush=True)
        Path("experiments/many.yaml").write_text(_STUDY)
        seconds, output = ragstudy("run", "experiments/many.yaml", kill_after=60)
        print(f"run, killed after {seconds:.0f} s: {shown(output)}", flush=True)
        seconds, output = ragstudy("run", "experiments/many.yaml")
        print(f"run again: {seconds:.1f} s; {shown(output)}", flush=True)
        write(Path("docs"), range(n, n + 10))
        seconds, output = ragstudy("init", "many", "--docs", "docs", "--qa", "qa.csv", "--again")
        print(f"import with ten more: {seconds:.1f} s; {output.splitlines()[0]}", flush=True)
        seconds, output = ragstudy("run", "experiments/many.yaml", "--out", "reports/more")
        print(f"run with ten more: {seconds:.1f} s; {shown(output)}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"peak memory of any of these: {peak:.2f} GiB")


if __name__ == "__main__":
    main()
