"""No file and no reply ends in anything but a result or a message of our own.

`make fuzz` runs these for long; `FUZZ_EXAMPLES` says how many examples each tries.
"""

from __future__ import annotations

import json
import os
import string
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragstudy.corpus import load_domain
from ragstudy.corpus.importers.ragchecker import import_ragchecker
from ragstudy.corpus.importers.squad import import_squad
from ragstudy.corpus.importers.table import Columns, import_table
from ragstudy.errors import RagstudyError
from ragstudy.generation.endpoint import EndpointGenerator, EndpointSpec
from ragstudy.prompting import make_prompt
from ragstudy.records import Question
from ragstudy.scoring.claims import judge
from ragstudy.scoring.judges.client import Judge
from ragstudy.scoring.judges.measure import JudgeMeasure
from ragstudy.scoring.words import WordWeights
from ragstudy.specs import JudgeSpec, parse_study

if TYPE_CHECKING:
    from ragstudy.endpoints import ChatClient

FUZZED = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TEXTS = st.text(max_size=30) | st.sampled_from(
    ["", "id", "text", "content", "Q", "\ud800", "\x00", "[1]", "['a']", "NaN"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def objects(*keys: str):
    """Objects that have some of these keys, with anything under them."""
    return st.dictionaries(st.sampled_from(keys), VALUES, max_size=len(keys))


def dumped(value: object) -> bytes:
    return json.dumps(value).encode("utf-8", "replace")


def tried(work) -> None:
    """Do it; errors of our own are results."""
    told = "a result"
    try:
        work()
    except RagstudyError as error:
        told = str(error)
    assert told.strip()


COLUMNS = Columns(question="Q", answer="A", context="P", id="id", group="g")


@FUZZED
@given(st.lists(objects("Q", "A", "P", "id", "g"), max_size=4), st.sampled_from([".jsonl", ".json"]))
def test_tables_of_anything(tmp_path, rows, ending):
    path = tmp_path / f"t{ending}"
    path.write_bytes(b"\n".join(map(dumped, rows)) if ending == ".jsonl" else dumped(rows))
    tried(lambda: import_table(path, None, "d", COLUMNS))


@FUZZED
@given(st.binary(max_size=200), st.sampled_from([".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx"]))
def test_files_of_any_bytes(tmp_path, content, ending):
    path = tmp_path / f"t{ending}"
    path.write_bytes(content)
    tried(lambda: import_table(path, None, "d", COLUMNS))


@FUZZED
@given(st.text(alphabet=string.printable, max_size=200))
def test_csv_of_any_text(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text("Q,A,P,id,g\n" + text, newline="")
    tried(lambda: import_table(path, None, "d", COLUMNS))


@FUZZED
@given(objects("results", "data"), st.lists(objects("query_id", "query", "gt_answer", "retrieved_context"), max_size=3))
def test_publishers_files_of_anything(tmp_path, outer, rows):
    path = tmp_path / "p.json"
    for content in (outer, {"results": rows}, {"data": rows}):
        path.write_bytes(dumped(content))
        tried(lambda: import_ragchecker((path,), "d"))
        tried(lambda: import_squad((path,), (), "d", 0.5, 1))


KEYS = ("id", "text", "references", "facts", "gold_documents", "evidence", "group", "split", "type", "title")


@FUZZED
@given(st.lists(objects(*KEYS), max_size=3), st.lists(objects(*KEYS), max_size=3), TEXTS)
def test_domain_folders_of_anything(tmp_path, documents, questions, about):
    (tmp_path / "documents.jsonl").write_bytes(b"\n".join(map(dumped, documents)))
    (tmp_path / "questions.jsonl").write_bytes(b"\n".join(map(dumped, questions)))
    (tmp_path / "domain.yaml").write_bytes(f"title: x\n{about}".encode("utf-8", "replace"))
    tried(lambda: load_domain(tmp_path))


STUDY_KEYS = (
    "name",
    "domains",
    "generators",
    "contexts",
    "retrieval",
    "finetuning",
    "measures",
    "statistics",
    "design",
)


@FUZZED
@given(objects(*STUDY_KEYS))
def test_studies_of_anything(content):
    tried(lambda: parse_study(content, "s.yaml"))


REPLIES = st.one_of(
    VALUES,
    objects("id", "choices", "usage", "error"),
    st.fixed_dictionaries(
        {
            "choices": st.lists(
                objects("index", "finish_reason", "text")
                | st.fixed_dictionaries(
                    {"message": objects("content", "refusal", "tool_calls", "reasoning_content", "reasoning", "role")},
                    optional={"finish_reason": VALUES, "logprobs": VALUES, "index": VALUES},
                ),
                max_size=2,
            )
        },
        optional={"usage": VALUES},
    ),
)


def answering(client: ChatClient, status: int, body: bytes) -> None:
    """Have a client get this reply to every request, without a network."""
    from openai import OpenAI

    transport = httpx.MockTransport(
        lambda _: httpx.Response(status, content=body, headers={"content-type": "application/json"})
    )
    client._client = OpenAI(
        base_url="http://x/v1", api_key="none", max_retries=0, http_client=httpx.Client(transport=transport)
    )


SERVER = {"url": "http://x/v1", "model": "m", "key_variable": None, "n_tries": 1}


@FUZZED
@given(REPLIES, st.sampled_from([200, 200, 200, 400, 401, 404, 422, 429, 500]))
def test_replies_of_anything_to_a_generator(body, status):
    generator = EndpointGenerator(EndpointSpec(kind="endpoint", name="g", **SERVER))
    answering(generator._client, status, dumped(body))

    def ask() -> None:
        (said,) = generator.generate([make_prompt("q", "?", [])])
        assert said.stopped != "error" or said.error
        said.text.encode("utf-8")

    tried(ask)


@FUZZED
@given(REPLIES | TEXTS.map(lambda text: {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}))
def test_replies_of_anything_to_a_judge(body):
    asked = Judge(JudgeSpec(name="j", **SERVER))
    answering(asked.replier._client, 200, dumped(body))
    for method in ("overall_grade", "rubric.accuracy", "claims.accuracy"):
        measure = JudgeMeasure(asked, method, lambda: None)
        value, told = 0.0, "a score"
        try:
            value = measure.score(Question("q", "What?", ("It is green.",)), "It is red.")
        except (ValueError, RagstudyError) as error:
            told = str(error)
        assert told
        assert 0 <= value <= 1


@FUZZED
@given(
    st.text(max_size=80), st.text(min_size=1, max_size=60), st.sampled_from(["freeform", "yesno", "list", "factoid"])
)
def test_answers_and_references_of_anything(answer, reference, kind):
    judged = judge(Question("q", "What is it?", (reference,), type=kind), answer, WordWeights([reference]))
    assert 0 <= judged.accuracy <= 1
    assert 0 <= judged.completeness <= 1


def test_the_number_of_examples_can_be_chosen():
    assert FUZZED.max_examples == int(os.environ.get("FUZZ_EXAMPLES", "60"))
    with pytest.raises(RagstudyError):
        parse_study({}, "s.yaml")
