"""Reports are functions of the run's files, and every form of them says the same numbers."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import zlib
from base64 import b64decode
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from conftest import ROOT

from ragstudy.formatting import effect, share
from ragstudy.reporting import write_reports
from ragstudy.reporting.advice import advice
from ragstudy.reporting.charts import charts_of, png, svg
from ragstudy.reporting.run_files import read_run
from ragstudy.reporting.terms import TERMS
from ragstudy.reporting.write import write_figures
from ragstudy.study.run_folder import RunFolder

if TYPE_CHECKING:
    from pathlib import Path

WEB = ROOT / "ragstudy" / "reporting" / "web"


class Tables(HTMLParser):
    """The tables of a page: rows of (text, unrounded value)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[tuple[str, str | None]]]] = {}
        self._rows: list[list[tuple[str, str | None]]] | None = None
        self._cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "table" and given.get("data-name"):
            self._rows = self.tables.setdefault(given["data-name"], [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows is not None:
            self._cell, self._value = [], given.get("data-value")

    def handle_data(self, data):
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag):
        if tag in ("td", "th") and self._rows and self._cell is not None:
            self._rows[-1].append((" ".join("".join(self._cell).split()), self._value))
            self._cell = None
        elif tag == "table":
            self._rows = None


def test_every_form_says_the_same_numbers(lamps_run, capsys):
    from ragstudy.cli.main import main

    rows = [row for row in RunFolder(lamps_run).results().comparisons if row.decision]
    page = Tables((lamps_run / "lamps.html").read_text(encoding="utf-8")).tables["lamps-comparisons"][1:]
    assert len(page) == len(rows) > 4
    main(["results", str(lamps_run)])
    table = {
        (row["contexts"], row["measure"], row["arm"]): row
        for row in csv.DictReader(io.StringIO(capsys.readouterr().out))
    }
    main(["results", str(lamps_run), "--format", "latex"])
    latex = capsys.readouterr().out
    markdown = (lamps_run / "lamps.md").read_text(encoding="utf-8")
    for row in rows:
        shown = next(one for one in page if (one[0][0], one[1][0], one[2][0]) == (row.contexts, row.measure, row.arm))
        kept = table[row.contexts, row.measure, row.arm]
        for place, value, name in ((3, row.base_mean, "base_mean"), (4, row.tuned_mean, "tuned_mean")):
            assert shown[place][0] == share(value)
            if shown[place][1]:
                assert float(shown[place][1]) == value == float(kept[name])
        assert shown[5][0] == effect(row.effect)
        assert effect(row.effect) in markdown
        if row.effect.interval.is_known:
            assert float(shown[5][1]) == row.effect.difference == float(kept["difference"])
            assert f"{row.effect.difference:.3f}" in latex


def test_reports_need_no_model_package(lamps_run):
    blocked = ["torch", "transformers", "faiss", "peft", "sentence_transformers", "llama_index", "ragas"]
    code = f"""
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Blocked())
from pathlib import Path
from ragstudy.reporting import write_reports
from ragstudy.study.run_folder import RunFolder
print(write_reports(RunFolder(Path({str(lamps_run)!r}))))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(lamps_run / "index.html")


def test_the_same_run_gives_the_same_bytes(lamps_run):
    names = ["index.html", "lamps.html", "provenance.html", "lamps.md"]
    before = {name: (lamps_run / name).read_bytes() for name in names}
    write_reports(RunFolder(lamps_run))
    assert {name: (lamps_run / name).read_bytes() for name in names} == before


def test_the_explorer_holds_every_answer(lamps_run):
    page = (lamps_run / "lamps.html").read_text(encoding="utf-8")
    blocks = dict(re.findall(r'<script type="application/octet-stream" id="data-([\w-]+)">([^<]+)</script>', page))
    head, *contexts = (json.loads(zlib.decompress(b64decode(block))) for block in blocks.values())
    told = {
        (name, contexts["contexts"], head["questions"][place]["id"]): text
        for contexts in contexts
        for name, column in contexts["answers"].items()
        for place, text in enumerate(column["text"])
    }
    answers = RunFolder(lamps_run).answers()
    said = {(a.generator, a.contexts, a.question): a.error if a.stopped == "error" else a.text for a in answers}
    assert told == said
    assert len(told) == 3 * 2 * 12


def test_figures_are_files_of_both_kinds(lamps_run, tmp_path):
    paths = write_figures(RunFolder(lamps_run), tmp_path / "figures")
    names = {path.name for path in paths}
    assert {"lamps-differences.svg", "lamps-differences.png", "lamps-questions.svg"} <= names
    assert all(path.stat().st_size > 500 for path in paths)
    assert (tmp_path / "figures" / "lamps-differences.png").read_bytes().startswith(b"\x89PNG")


def test_charts_of_one_page_share_no_id_and_tell_what_they_show(lamps_run):
    charts = charts_of(read_run(RunFolder(lamps_run)), "lamps")
    assert len(charts) >= 4
    drawn = [svg(chart, chart.name) for chart in charts]
    ids = [found for one in drawn for found in re.findall(r'\bid="([^"]+)"', one)]
    assert len(ids) == len(set(ids))
    for chart, one in zip(charts, drawn, strict=True):
        assert re.search(r'<svg[^>]* role="(img|group)"[^>]* aria-label="', one)
        assert "vega" not in one
        assert chart.told
    assert png(charts[0], scale=1)[:4] == b"\x89PNG"


def test_built_files_are_those_of_their_sources():
    """`npm run build` in ragstudy/reporting/web makes them anew."""
    names = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json"]
    names += sorted(f"src/{path.name}" for path in (WEB / "src").iterdir())
    hashed = hashlib.sha256()
    for name in names:
        hashed.update(f"{name}\n".encode())
        hashed.update((WEB / name).read_bytes())
    static = WEB.parent / "static"
    assert (static / "made_from.txt").read_text(encoding="utf-8").strip() == hashed.hexdigest()
    assert "</script" not in (static / "report.js").read_text(encoding="utf-8").lower()
    assert "</style" not in (static / "report.css").read_text(encoding="utf-8").lower()


def test_nothing_is_loaded_from_elsewhere(lamps_run):
    for page in lamps_run.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<(script|img|link|iframe|source)\b[^>]*\b(src|href)=", text.partition("<script>")[0])
        assert "default-src 'none'" in text


def test_terms_are_those_of_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    meanings = {cell.strip() for line in glossary.splitlines() if line.startswith("| ") for cell in line.split(" | ")}
    assert {term: meaning for term, meaning in TERMS.items() if meaning not in meanings} == {}


def test_domains_may_have_the_names_of_other_pages(lamps_run, tmp_path):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(lamps_run, folder)
    for path in folder.glob("*.json*"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('"lamps"', '"index"'), encoding="utf-8")
    (folder / "indexes" / "lamps").rename(folder / "indexes" / "index")
    write_reports(RunFolder(folder))
    assert "All verdicts" in (folder / "index.html").read_text(encoding="utf-8")
    assert "Every answer" in (folder / "domain_index.html").read_text(encoding="utf-8")
    assert 'href="domain_index.html"' in (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def rows(lamps_run: Path):
    found = [row for row in RunFolder(lamps_run).results().comparisons if row.decision and row.arm == "tuned"]
    return [row for row in found if row.contexts == "retrieved"]


def with_verdict(row, verdict, **changes):
    from dataclasses import replace

    return replace(row, decision=replace(row.decision, verdict=verdict), **changes)


def test_advice_to_ship(rows):
    row = with_verdict(rows[0], "helps", arm="ours-200", n_better=4, n_worse=1)
    told = advice([row, with_verdict(rows[0], "hurts", arm="ours-500", n_better=0, n_worse=6)])
    assert told.verdict == "helps"
    assert told.sentence == (
        "Ship ours-200: answers get more accurate in 3 of 10 cases and less in 1. "
        "Do not ship ours-500: answers get less accurate in 5 of 10 cases and more in 0."
    )


def test_advice_not_to_ship(rows):
    hurting = with_verdict(rows[0], "hurts", arm="ours-200", n_better=1, n_worse=6)
    other = with_verdict(rows[0], "undecided", arm="ours-500")
    told = advice([hurting, other])
    assert told.sentence == (
        "Do not ship ours-200: answers get less accurate in 5 of 10 cases and more in 1. "
        "Keep base; ours-500 is not shown to be better."
    )
    # What helps on one measure and hurts on another is nothing to ship.
    complete = with_verdict(rows[0], "helps", arm="ours-200", measure="completeness")
    assert advice([hurting, complete]).verdict == "hurts"


def test_advice_where_another_base_is_better_than_the_arm_that_helps(rows):
    weak = with_verdict(rows[0], "helps", arm="weak+tuned", base="weak", base_mean=0.3, tuned_mean=0.6)
    strong = with_verdict(rows[0], "undecided", arm="strong+tuned", base="strong", base_mean=0.8, tuned_mean=0.82)
    told = advice([weak, strong])
    assert told.sentence == "Keep strong: weak+tuned gets better than weak, but not as good as strong."
    better = with_verdict(rows[0], "helps", arm="strong+tuned", base="strong", base_mean=0.8, tuned_mean=0.9)
    assert advice([weak, better]).sentence.startswith("Ship strong+tuned")


def test_where_less_is_better_everything_is_read_the_other_way(rows, monkeypatch):
    from ragstudy.reporting import advice as advising
    from ragstudy.reporting import gate

    monkeypatch.setattr(advising, "less_is_better", lambda _: True)
    monkeypatch.setattr(advising, "better_sign", lambda _: -1)
    monkeypatch.setattr(gate, "less_is_better", lambda _: True)
    small = with_verdict(rows[0], "helps", arm="small", tuned_mean=0.4, n_better=0, n_worse=2)
    large = with_verdict(rows[0], "helps", arm="large", tuned_mean=0.1, n_better=0, n_worse=6)
    told = advice([small, large])
    assert told.sentence.startswith("Ship large: answers get more accurate in 5 of 10 cases and less in 0.")
    assert str(gate.Rule.within("accuracy", 0.03)) == "accuracy < +0.03"


def test_three_times_the_same_is_no_change():
    from ragstudy.reporting.charts import _mean
    from ragstudy.reporting.charts.effects import question_by_question

    assert _mean([0.8, 0.8, 0.8]) == 0.8
    chart = question_by_question({"a": [(0.66, 0.74), (0.8, 0.8)]}, "accuracy", {"a": "arm=a"})
    shown = {(one["base"], one["change"]) for one in chart.spec["data"]["values"]}
    assert shown == {(0.7, "better"), (0.8, "same")}


def test_a_report_without_the_index_shows_the_names_of_passages(lamps_run, tmp_path):
    import shutil

    folder = tmp_path / "run"
    shutil.copytree(lamps_run, folder)
    shutil.rmtree(folder / "indexes")
    page = write_reports(RunFolder(folder)).with_name("lamps.html").read_text(encoding="utf-8")
    head = json.loads(zlib.decompress(b64decode(re.search(r'id="data-questions">([^<]+)<', page)[1])))
    assert head["passages"][0][0].startswith("lamp")
    assert {text for _, text in head["passages"]} == {""}


def test_advice_to_wait_or_to_keep(rows):
    undecided = with_verdict(rows[0], "undecided", arm="ours-200")
    assert advice([undecided]).sentence.startswith("Not decided yet: keep base")
    level = with_verdict(rows[0], "no meaningful difference", arm="ours-200")
    assert advice([level]).sentence == "Keep base: tuning makes no difference that matters."
    assert advice([with_verdict(rows[0], "helps", shuffled=True)]) is None


def test_the_explorer_holds_the_claims_that_long_answers_were_judged_by(tmp_path):
    from conftest import make_domain, study_content

    from ragstudy.generation.packaged import PACKAGED, SMALLEST
    from ragstudy.specs import parse_study
    from ragstudy.study.plan.make import make_plan
    from ragstudy.study.run import run_study

    domain = make_domain(tmp_path / "lamps")
    path = domain / "questions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    long = "The lamp is green because its glass holds copper. It stands in the hall of the old house."
    rows = [{**row, "facts": [], "type": "freeform", "references": [long]} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    content = study_content(domain)
    content["generators"][0]["default"] = "The lamp is green because its glass holds copper."
    run_study(make_plan(parse_study(content, "study.yaml")), tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    mine = [row for row in folder.claims() if row.generator == "base" and row.question == "q00"]
    assert {(row.side, row.standing) for row in mine} >= {("answer", "supported")}
    write_reports(folder)
    page = (tmp_path / "run" / "lamps.html").read_text(encoding="utf-8")
    block = re.search(r'id="data-answers-0">([^<]+)<', page)[1]
    claims = json.loads(zlib.decompress(b64decode(block)))["answers"]["base"]["claims"][0]
    assert ["answer", "The lamp is green", "supported"] in [
        [side, claim.rstrip("."), standing] for side, claim, standing, *_ in claims
    ]
    # What the answer does not speak of, word by word, where a language model read it.
    if PACKAGED[SMALLEST].path() is not None:
        (missed,) = [words for side, claim, _, _, words in claims if side == "reference" and "hall" in claim]
        assert "hall" in missed
