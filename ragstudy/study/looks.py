"""How often the data of a run were looked at: each analysis of grown data spends its share of the error rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ragstudy.files import fingerprint, read_records, write_lines

if TYPE_CHECKING:
    from pathlib import Path

    from ragstudy.study.layout import Layout

FILE = "looks.jsonl"


@dataclass(frozen=True)
class Look:
    """One arm of one domain at one look.

    Attributes:
        number: of the look, from 1.
        domain: name of the domain.
        arm: name of the arm.
        n_questions: test questions.
        n_trainings: trainings of the arm.
        questions: fingerprint of the questions' ids.
    """

    number: int
    domain: str
    arm: str
    n_questions: int
    n_trainings: int
    questions: str

    def grew_from(self, earlier: Look) -> bool:
        """Whether there is more to look at than before, or something else.

        Args:
            earlier: the same arm on the same domain.
        """
        if self.questions == earlier.questions:
            return self.n_trainings > earlier.n_trainings
        return self.n_questions >= earlier.n_questions


def count_look(folder: Path, layout: Layout) -> int:
    """The number of the look that an analysis of this run is; kept in the run folder.

    Analysing the same data again is no new look, nor is a new arm; more questions, other questions, or more trainings
    of an arm that was looked at before are.

    Args:
        folder: the run folder.
        layout: arms and questions of the run.

    Raises:
        InputError: the file that counts them is damaged.
    """
    path = folder / FILE
    kept = read_records(path, Look) if path.is_file() else []
    last = {(one.domain, one.arm): one for one in kept}
    number = max((one.number for one in kept), default=1)
    now = [
        Look(number, domain.name, arm.name, len(domain.questions), len(arm.generators), fingerprint(domain.questions))
        for domain in layout.domains
        for arm in layout.arms_on(domain.name)
    ]
    if any(one.grew_from(last[one.domain, one.arm]) for one in now if (one.domain, one.arm) in last):
        number += 1
    new = [
        replace(one, number=number)
        for one in now
        if last.get((one.domain, one.arm)) is None or one.grew_from(last[one.domain, one.arm])
    ]
    if new:
        write_lines(path, [*kept, *new])
    return number
