"""Fixtures: small domains, a tiny model, the real samples where they are."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT.parent / "shared" / "data"


# Files whose tests load or train models, or run whole studies.
SLOW_FILES = {
    "test_pocket.py",
    "test_study.py",
    "test_tuning_axes.py",
    "test_rescoring.py",
    "test_model_tests.py",
    "test_abilities.py",
    "test_audit.py",
    "test_cli.py",
    "test_contexts.py",
    "test_llama_server.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test-fast` leaves out."""
    for item in items:
        if item.path.name in SLOW_FILES or "tiny_model" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def own_cache_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests make once is made anew for every run of them, and leaves the user's cache alone."""
    os.environ["RAGSTUDY_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def samples() -> Path:
    """Real samples in the publishers' formats; they are no part of the project."""
    if not SAMPLES.is_dir():
        pytest.skip("the real samples are not beside this checkout")
    return SAMPLES


def write_rows(path: Path, rows: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


COLOURS = ["red", "green", "blue", "white", "black", "brown", "pink", "grey", "teal", "gold", "plum", "rust"]


def make_domain(folder: Path, n: int = 12, n_test: int = 6) -> Path:
    """A domain of `n` lamps, each in its own document with its own colour."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "domain.yaml").write_text("title: Lamps\nsplit_by: group\n", encoding="utf-8")
    (folder / "SOURCE.md").write_text("Made for tests.\n", encoding="utf-8")
    names = [f"lamp{chr(97 + i)}" for i in range(n)]
    documents = [
        {"id": name, "title": name, "text": f"The colour of {name} is {COLOURS[i % 12]}. It stands in room {i}."}
        for i, name in enumerate(names)
    ]
    questions = [
        {
            "id": f"q{i:02d}",
            "text": f"What is the colour of {name}?",
            "references": [f"The colour of {name} is {COLOURS[i % 12]}."],
            "facts": [{"id": "f1", "forms": [COLOURS[i % 12]]}],
            "gold_documents": [name],
            "group": name,
            "split": "test" if i < n_test else "train",
            "type": "factoid",
        }
        for i, name in enumerate(names)
    ]
    write_rows(folder / "documents.jsonl", documents)
    write_rows(folder / "questions.jsonl", questions)
    return folder


@pytest.fixture
def lamps(tmp_path: Path) -> Path:
    return make_domain(tmp_path / "lamps")


def random_llama(folder: Path, seed: int, **settings: object) -> None:
    """Write a two-layer Llama of random weights with 600 tokens, without a tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    shape = {"vocab_size": 600, "hidden_size": 32, "intermediate_size": 64, "max_position_embeddings": 512}
    parts = {"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2, "bos_token_id": None}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        LlamaForCausalLM(LlamaConfig(**shape, **parts, **settings)).save_pretrained(folder)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer Llama with a tokenizer and chat template, as a folder."""
    from ragstudy.pocket.tokenizer import learn_tokenizer

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = learn_tokenizer(600, 40, 1)
    tokenizer.save_pretrained(folder)
    random_llama(
        folder, 3, tie_word_embeddings=True, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    return folder


def study_content(domain: Path, **changes: object) -> dict:
    """A study of scripted generators, without any model."""
    return {
        "name": "lamps-study",
        "domains": [str(domain)],
        "retrieval": {"embedder": "ragstudy.testing:HashEmbedder", "chunk_tokens": 64, "chunk_overlap": 8, "top_k": 3},
        "generators": [
            {"kind": "scripted", "name": "base", "default": "red"},
            {"kind": "extractive", "name": "extractive"},
            {"kind": "scripted", "name": "tuned", "default": "I do not know.", "tuned_from": "base"},
        ],
        "measures": ["accuracy", "completeness", "exact_match", "answer_words", "abstention"],
        "statistics": {"n_resamples": 200},
        **changes,
    }


@pytest.fixture
def study_file(tmp_path: Path, lamps: Path) -> Path:
    import yaml

    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(study_content(lamps)), encoding="utf-8")
    return path


def compared(folder) -> dict[str, list[dict]]:
    """The results of a run as rows of tables."""
    from ragstudy.files import plain
    from ragstudy.results import table_row

    results = folder.results()
    kinds = {name: value for name, value in vars(results).items() if isinstance(value, list)}
    return {name: [plain(table_row(row)) for row in rows] for name, rows in kinds.items()}


def report_text(folder) -> str:
    """All pages of a run's report, written anew."""
    from ragstudy.reporting import write_reports

    first = write_reports(folder)
    return "".join(page.read_text(encoding="utf-8") for page in sorted(first.parent.glob("*.html")))


def data_of(request: dict) -> dict:
    """The material of a request."""
    return json.loads(re.search(r"<data>\n(.*)\n</data>", request["messages"][1]["content"], re.DOTALL)[1])


def sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=\.)\s+", text.strip()) if part]


def literal(request: dict) -> str:
    """A judge that takes sentences for claims and finds them word for word."""
    data, task = data_of(request), request["messages"][1]["content"]
    if "claims" in data:
        known = sentences(data["text"])
        return json.dumps({"verdicts": ["supported" if c in known else "unverifiable" for c in data["claims"]]})
    if "text" in data:
        return json.dumps({"claims": sentences(data["text"])})
    if '"verdict"' in task:
        return json.dumps({"verdict": int(len(data["B"]) > len(data["A"]))})
    right = data["answer"] in data["references"]
    return json.dumps({"note": 10 if right else 3}) if '"note"' in task else ("5" if right else "2")


def loss_one_by_one(network, examples) -> float:
    """The mean loss of the answer tokens of training examples, each read alone."""
    import torch

    from ragstudy.finetuning.pairs import IGNORED

    total, n = 0.0, 0
    with torch.no_grad():
        for one in examples:
            logits = network(input_ids=torch.tensor([one.ids])).logits[0, :-1].float()
            targets = torch.tensor(one.labels[1:])
            total += float(torch.nn.functional.cross_entropy(logits, targets, ignore_index=IGNORED, reduction="sum"))
            n += int((targets != IGNORED).sum())
    return total / n


HOSTILE = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'> ${7*7} {{7*7}} "
    "\u202egnp.exe\u202c \x00"
)
LONG_WORD = "x" * 100_000


@pytest.fixture(scope="session")
def lamps_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve questions about lamps: a base that knows half, an arm that gains some and loses some, one that fails."""
    from ragstudy.reporting import write_reports
    from ragstudy.specs import parse_study
    from ragstudy.study.plan.make import make_plan
    from ragstudy.study.run import run_study
    from ragstudy.study.run_folder import RunFolder

    folder = tmp_path_factory.mktemp("hostile")
    domain = make_domain(folder / "lamps", n=14, n_test=12)
    texts = (domain / "documents.jsonl").read_text(encoding="utf-8")
    hostile = HOSTILE.replace("\\", "\\\\").replace('"', '\\"').replace("\x00", "\\u0000")
    (domain / "documents.jsonl").write_text(texts.replace("It stands", f"{hostile} It stands"), encoding="utf-8")
    names = [f"lamp{chr(97 + i)}" for i in range(12)]
    asked = [f"What is the colour of {name}?" for name in names]
    right = [f"It is {colour}." for colour in COLOURS]
    base = dict(zip(asked[:6], right[:6], strict=True)) | {asked[11]: LONG_WORD}
    tuned = dict(zip(asked[4:11], right[4:11], strict=True)) | {asked[0]: HOSTILE, asked[1]: "I do not know."}
    content = study_content(
        domain,
        generators=[
            {"kind": "scripted", "name": "base", "answers": base, "default": "It is beige."},
            {"kind": "scripted", "name": "tuned", "answers": tuned, "default": "It is beige.", "tuned_from": "base"},
            {"kind": "scripted", "name": "failing", "fails_on": asked, "tuned_from": "base"},
        ],
        contexts=["retrieved", "none"],
        title=f"Lamps {HOSTILE[:60]}",
        notes=[HOSTILE.replace("\x00", "")],
    )
    run_study(make_plan(parse_study(content, "study.yaml")), folder / "run")
    write_reports(RunFolder(folder / "run"))
    return folder / "run"


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window; tests that need it are skipped where it is absent."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver: apt-get install chromium chromium-driver")
    # It would report its use elsewhere otherwise.
    os.environ["SE_OFFLINE"], os.environ["SE_AVOID_STATS"] = "true", "true"
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,1600"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield opened
    opened.quit()
