"""How large a report gets, and how fast Chromium opens and filters it.

    python benchmarks/report.py --domains 3 --questions 150 --arms 8
    python benchmarks/report.py --domains 5 --questions 1000 --arms 12

Questions, passages and answers are invented words of the usual lengths: five passages of 90 words a question, answers
of 20 words, two kinds of prompt. The study runs without any model.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from ragstudy.reporting import write_reports
from ragstudy.specs import parse_study
from ragstudy.study.plan.make import make_plan
from ragstudy.study.run import run_study
from ragstudy.study.run_folder import RunFolder

_SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe qui ro su ta ve wi xo zu".split()  # noqa: SIM905 - reads better
_ANSWER_WORDS, _PASSAGE_WORDS = 20, 90
_LONGEST_WAIT = 60.0
_OPENED = "return document.querySelector('#question h3') !== null"
# Time from a change of a filter to the new count of questions, with the grid redrawn.
_FILTER = """const done = arguments[1], start = performance.now(), field = document.getElementById('filter-find');
field.value = arguments[0];
field.dispatchEvent(new Event('input'));
requestAnimationFrame(() => setTimeout(() => done(performance.now() - start), 0));"""


def words(rng: random.Random, n: int) -> str:
    """A text of invented words.

    Args:
        rng: source of draws.
        n: words.
    """
    return " ".join("".join(rng.choices(_SYLLABLES, k=rng.randint(1, 3))) for _ in range(n))


def write_domain(folder: Path, rng: random.Random, n: int) -> list[str]:
    """A domain of `n` test questions; returns their texts.

    Args:
        folder: to write to.
        rng: source of draws.
        n: questions.
    """
    folder.mkdir(parents=True)
    (folder / "domain.yaml").write_text("title: Words\nsplit_by: group\n", encoding="utf-8")
    documents: list[dict[str, Any]] = []
    questions: list[dict[str, Any]] = []
    for number in range(n):
        value = words(rng, 2)
        text = f"{words(rng, _PASSAGE_WORDS // 2)} {value} {words(rng, _PASSAGE_WORDS // 2)}"
        documents.append({"id": f"d{number}", "title": words(rng, 2), "text": text})
        asked: dict[str, Any] = {
            "id": f"q{number}",
            "text": f"{words(rng, 9)} {number}?",
            "references": [value],
            "type": "factoid",
        }
        asked |= {"type": "factoid", "facts": [{"id": "f", "forms": [value]}], "gold_documents": [f"d{number}"]}
        questions.append(asked | {"group": f"d{number}", "split": "test"})
    for name, rows in (("documents", documents), ("questions", questions)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return [str(question["text"]) for question in questions]


def make_run(folder: Path, n_domains: int, n_questions: int, n_arms: int) -> RunFolder:
    """Run a study whose generators say invented words.

    Args:
        folder: to write to.
        n_domains: domains.
        n_questions: test questions of each.
        n_arms: generators, one of them the base.
    """
    rng = random.Random(1)
    asked = [write_domain(folder / f"domain{number}", rng, n_questions) for number in range(n_domains)]
    generators: list[dict[str, Any]] = []
    for number in range(n_arms):
        answers = {text: words(rng, _ANSWER_WORDS) for texts in asked for text in texts}
        arm: dict[str, Any] = {"kind": "scripted", "name": f"arm{number}", "answers": answers}
        generators.append(arm | ({"tuned_from": "arm0"} if number else {}))
    content = {
        "name": "large",
        "domains": [str(folder / f"domain{number}") for number in range(n_domains)],
        "retrieval": {"embedder": "ragstudy.testing:HashEmbedder", "chunk_tokens": 128, "chunk_overlap": 8, "top_k": 5},
        "generators": generators,
        "contexts": ["retrieved", "none"],
        "measures": ["accuracy", "completeness", "token_f1"],
        "statistics": {"n_resamples": 200},
    }
    run_study(make_plan(parse_study(content, "study.yaml")), folder / "run")
    return RunFolder(folder / "run")


def in_browser(page: Path) -> tuple[float, float]:
    """Seconds until the first question is shown, and the median of milliseconds of eleven filters.

    Args:
        page: of a domain.
    """
    os.environ["SE_OFFLINE"], os.environ["SE_AVOID_STATS"] = "true", "true"
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    start = time.perf_counter()
    browser.get(page.resolve().as_uri())
    while not browser.execute_script(_OPENED):
        if time.perf_counter() - start > _LONGEST_WAIT:
            console = browser.get_log("browser")  # type: ignore[no-untyped-call]
            msg = f"{page} shows no question; the console says {console}"
            raise TimeoutError(msg)
        time.sleep(0.01)
    opened = time.perf_counter() - start
    # Every word once; the first one also collects the texts.
    times = [float(browser.execute_async_script(_FILTER, word)) for word in _SYLLABLES[:11]]
    browser.quit()
    return opened, statistics.median(times)


def main() -> None:
    """Build the report and measure it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("domains", 3), ("questions", 150), ("arms", 8)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = make_run(Path(made), given.domains, given.questions, given.arms)
        start = time.perf_counter()
        write_reports(folder)
        seconds = time.perf_counter() - start
        pages = sorted(folder.path.glob("*.html"))
        whole = sum(page.stat().st_size for page in pages) / 1e6
        largest = max(folder.path.glob("domain*.html"), key=lambda page: page.stat().st_size)
        opened, filtered = in_browser(largest)
    print(f"{given.domains} domains x {given.questions} questions x {given.arms} arms x 2 kinds of prompt")
    print(f"written in {seconds:.1f} s, {whole:.1f} MB in {len(pages)} pages")
    print(f"the largest page opens in {opened:.2f} s and filters in {filtered:.0f} ms (median of 11)")


if __name__ == "__main__":
    main()
