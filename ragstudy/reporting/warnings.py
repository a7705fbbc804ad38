"""What a reader must know before any number: generators that did not answer, or did not come to an end."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ragstudy.records import Answer

_MOSTLY = 0.5


def warnings_of(answers: Iterable[Answer]) -> list[str]:
    """A sentence for every generator and context with at least half of the answers failed or cut at their longest.

    Args:
        answers: of one domain.
    """
    sets: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for answer in answers:
        sets[answer.generator, answer.contexts].append(answer)
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (generator, contexts), mine in sets.items():
        failed = [answer.error or "no reason given" for answer in mine if answer.stopped == "error"]
        n_cut = sum(answer.stopped == "length" for answer in mine)
        if len(failed) >= _MOSTLY * len(mine):
            reason, n_times = Counter(failed).most_common(1)[0]
            often = "" if n_times == len(failed) else f" ({n_times} times)"
            n_failed = f"{len(failed)} of {len(mine)} answers failed and are not scored"
            told[generator, f"{n_failed}: {reason}{often}"].append(contexts)
        if n_cut >= _MOSTLY * len(mine):
            n_ran = f"{n_cut} of {len(mine)} answers ran to their limit of tokens"
            told[generator, f"{n_ran}: raise max_new_tokens, or look at what it writes"].append(contexts)
    return [f"{generator} ({', '.join(contexts)}): {what}" for (generator, what), contexts in told.items()]
