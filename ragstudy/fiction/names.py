"""Invented names, drawn from two pools that share no name.

A name is two syllables, or three or four where those are used up: few tokens for a small model. The crc32 of its letters says which pool it belongs to, so the pool
that shipped corpora draw from and the pool that embedded models are pretrained on are disjoint by
construction, however many names are drawn.
"""

from __future__ import annotations

import zlib
from enum import Enum
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

STARTS = tuple(
    "Ba Bel Ber Bor Bran Bri Cal Car Cor Cra Dal Del Dor Dra Dun Fal Fen Fer Fin Fro Gal Gar Gor Gre Hal Har Hes "
    "Hol Ib Jan Jor Kal Kar Kel Kir Kor Lan Lar Lin Lor Lum Mal Mar Mel Mir Mon Mor Nar Nel Nim Nor Ol Or Os Pal "
    "Par Per Pol Pra Quel Ral Ram Ren Rin Ro Ros Sal San Sel Sen Sil Sol Sor Tal Tam Ter Til Tor Tra Tri Ul Um Val "
    "Var Vel Ver Vil Vor Wal Wen Wil Wol Yar Yor Zal Zan Zel Zen Zim Zor".split()
)
_MIDDLES = "a an ar e el en er i il in ir o ol on or u ul un ur ba da do la li ma mi na no ra ri ta to va".split()
_ENDS = {
    "drug": "bine cept dine fene lide mab mine nol pril rine stat tane tide tin vir xan zole zine".split(),
    "place": "bach berg brook burg dale fell ford gate ham holm mere mond port stad ton vale wick worth".split(),
    "person": "bar dan den dic ler lin man mer nan nis ric ris ron son ston tan vin wen".split(),
    "thing": "dex fix lex lite max mix nex nova pad pod pro ra rix ro tec ton vex xa".split(),
    "ill": "bia coma dema gia lepsy mia nia pathy phria plexy rrhea sia spasm sthenia tosis trophy".split(),
}
KINDS_OF_NAMES = tuple(_ENDS)
_GIVEN = (
    "Ada Alva Bela Carla Dario Elin Enzo Fara Gino Hedy Ida Ilya Jana Kai Lena Lior Mara Milo Nela Noor "
    "Olaf Petra Quin Rafa Rosa Saul Tara Udo Vera Wim Yara Zeno"
).split()

_SHARE_WITH_MIDDLE = 0.12
_TRIES = 30
_TRIES_SHORT = 6


class Pool(Enum):
    """Which of the two disjoint sets of names to draw from."""

    STUDY = 0
    PRETRAINING = 1


def pool_of(name: str) -> Pool:
    """The pool that an invented (single-word) name belongs to, whatever its case.

    Args:
        name: that was invented.
    """
    return Pool(zlib.crc32(name.casefold().encode()) & 1)


class Names:
    """Draws names that are new within one world.

    Args:
        rng: source of randomness, advanced by every draw.
        pool: the set of names to draw from.
    """

    def __init__(self, rng: Random, pool: Pool) -> None:
        self._rng = rng
        self._pool = pool
        self._used: set[str] = set()

    def draw(self, kind: str) -> str:
        """A new single-word name.

        Args:
            kind: 'drug', 'place', 'person', 'thing' or 'ill'.
        """
        for attempt in count():
            middle = self._middle() if attempt < _TRIES_SHORT else self._longer(attempt)
            name = self._rng.choice(STARTS) + middle + self._rng.choice(_ENDS[kind])
            if self._take(name):
                break
        return name

    def draw_alike(self, kind: str, other: str) -> str:
        """A new name of a kind that begins or ends as another one does, as the neighbours of a search do.

        Args:
            kind: kind of name.
            other: name that it resembles.
        """
        start = max((one for one in STARTS if other.startswith(one)), key=len, default="")
        end = next((one for one in sorted(_ENDS[kind], key=len, reverse=True) if other.endswith(one)), "")
        for _ in range(_TRIES):
            middle = self._middle()
            if not start or (end and self._rng.random() < 0.5):
                name = self._rng.choice(STARTS) + middle + end
            else:
                name = start + middle + self._rng.choice(_ENDS[kind])
            if self._take(name):
                return name
        return self.draw(kind)

    def _middle(self) -> str:
        return self._rng.choice(_MIDDLES) if self._rng.random() < _SHARE_WITH_MIDDLE else ""

    def _longer(self, attempt: int) -> str:
        """One middle syllable, or two when those seem to be used up as well."""
        return "".join(self._rng.choice(_MIDDLES) for _ in range(1 if attempt < _TRIES else 2))

    def _take(self, name: str) -> bool:
        free = name not in self._used and pool_of(name) is self._pool
        if free:
            self._used.add(name)
        return free

    def person(self) -> str:
        """A given name and a new invented family name."""
        return f"{self._rng.choice(_GIVEN)} {self.draw('person')}"
