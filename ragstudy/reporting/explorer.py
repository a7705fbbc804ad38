"""Every question and answer of a domain, packed for the report's page.

The page holds one block with the questions and the passages and one block for each kind of prompt, each of them JSON,
compressed and in base64, so that the page opens before they are read.
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError
from ragstudy.reporting.run_files import in_gold_document
from ragstudy.scoring.claims import declines, found_facts, without_list_marks
from ragstudy.scoring.measures import better_sign

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ragstudy.records import Answer, Question
    from ragstudy.reporting.run_files import RunFiles


def packed(data: object) -> str:
    """JSON, compressed by zlib, in base64.

    Args:
        data: of plain types.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Half characters, as broken files have them, are no UTF-8.
    return base64.b64encode(zlib.compress(text.encode("utf-8", "replace"), 9)).decode("ascii")


class _Passages:
    """Passages by number, each distinct text once."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []
        self._number: dict[tuple[str, str], int] = {}

    def number(self, name: str, text: str) -> int:
        if (name, text) not in self._number:
            self._number[name, text] = len(self.rows)
            self.rows.append((name, text))
        return self._number[name, text]


def explorer_blocks(files: RunFiles, domain: str, open_arm: str = "") -> dict[str, str]:
    """The blocks of a domain: `questions`, and `answers-<number>` for each context in the order of the layout.

    Args:
        files: of the run.
        domain: name of the domain.
        open_arm: name of the arm whose answers are shown first; '' for the first one.
    """
    layout = next(one for one in files.layout.domains if one.name == domain)
    asked = [files.questions[domain, name] for name in layout.questions]
    passages = _Passages()
    blocks = {
        f"answers-{place}": packed(_context(files, domain, contexts, asked, passages))
        for place, contexts in enumerate(files.layout.contexts)
    }
    arms = files.layout.arms_on(domain)
    head = {
        "domain": domain,
        "headline": files.headline,
        "openArm": open_arm,
        "sign": better_sign(files.verdict_measures[0]) if files.verdict_measures else 1,
        "contexts": list(files.layout.contexts),
        "measures": list(files.layout.measures),
        "verdictMeasures": files.verdict_measures,
        "arms": [{"name": arm.name, "base": arm.base, "generators": list(arm.generators)} for arm in arms],
        "questions": [_question(one) for one in asked],
        "passages": passages.rows,
    }
    return {"questions": packed(head), **blocks}


def _question(question: Question) -> dict[str, Any]:
    return {
        "id": question.id,
        "text": question.text,
        "type": question.type,
        "group": question.group,
        "references": list(question.references),
        "facts": [list(fact.forms) for fact in question.facts],
    }


def _context(
    files: RunFiles, domain: str, contexts: str, asked: Sequence[Question], passages: _Passages
) -> dict[str, Any]:
    """What was shown, and every generator's answers, a list each in the order of the questions."""
    names = [name for name, of in files.layout.answer_sets(domain) if of == contexts]
    shown_by = files.texts_shown(domain)
    shown, gold = [], []
    for question in asked:
        found = [files.answers.get((domain, name, contexts, question.id)) for name in names]
        longest = max((one for one in found if one), key=lambda one: one.n_passages, default=None)
        texts = _texts(shown_by, longest) if longest else {}
        shown.append([passages.number(name, text) for name, text in texts.items()])
        gold.append([int(_is_gold(files, domain, question, name)) for name in texts])
    answers = {name: _answers(files, domain, name, contexts, asked) for name in names}
    return {"contexts": contexts, "shown": shown, "gold": gold, "answers": answers}


def _texts(shown_by: Callable[[Answer], dict[str, str]], answer: Answer) -> dict[str, str]:
    """The passages of an answer's prompt, without their texts where the index is not there or was made anew."""
    try:
        return shown_by(answer)
    except (InputError, KeyError):
        return dict.fromkeys(answer.shown, "")


def _is_gold(files: RunFiles, domain: str, question: Question, passage: str) -> bool:
    """Whether a passage covers evidence of the question; by its document where the ranking does not hold it."""
    ranked = files.retrievals.get((domain, question.id))
    if ranked and passage in ranked.passages:
        return bool(ranked.covers[ranked.passages.index(passage)])
    return in_gold_document(passage, question)


def _answers(
    files: RunFiles, domain: str, generator: str, contexts: str, asked: Sequence[Question]
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        name: [] for name in ("text", "stopped", "nShown", "point", "scores", "facts", "claims", "abstains")
    }
    for question in asked:
        cell = (domain, generator, contexts, question.id)
        answer, values = files.answers.get(cell), files.values.get(cell, {})
        columns["text"].append(_said(answer))
        columns["stopped"].append(answer.stopped if answer else "missing")
        columns["nShown"].append(answer.n_passages if answer else 0)
        columns["point"].append(files.points.get(cell))
        columns["scores"].append([values.get(measure) for measure in files.layout.measures])
        # As the scorer reads it: without numbers of passages and of list items.
        text = without_list_marks(answer.text) if answer else ""
        known = found_facts(question, text) if question.facts else set()
        columns["facts"].append([int(fact.id in known) for fact in question.facts])
        rows = files.claims.get(cell, ())
        columns["claims"].append(
            [[row.side, row.claim, row.standing, row.evidence, ", ".join(row.unexplained)] for row in rows]
        )
        columns["abstains"].append(int(bool(text and declines(question, text))))
    return columns


def _said(answer: Answer | None) -> str:
    """The text, or why there is none."""
    if answer is None:
        return ""
    return answer.error if answer.stopped == "error" else answer.text
