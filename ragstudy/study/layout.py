"""What a run is made of, as its folder keeps it: everything that follows answering needs nothing else of the study.

The layout is written before the first answer, so that scoring, analysis and reports work from the run folder alone,
without the corpora.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arm:
    """What is compared: a generator, or the replicates of one training recipe.

    Attributes:
        name: in files and reports.
        generator: name of the declared generator that answers, with or without an adapter.
        generators: names under which its answers are filed; one per seed.
        base: name of the arm it is compared with, or None.
        format: training format, or '' if it was not tuned in this study.
        size: training pairs, or 0.
        series: name of the recipe without its size; arms that share it are a series over training sizes.
        training: name that the arms of one training at several epochs share.
        n_epochs: epochs it was trained for.
        shuffled: whether its labels were shuffled, as a control.
        trained_on: domain its adapters come from, where it is another one than it is asked on, or ''.
        only_on: the one domain where it is asked, or '' for every domain.
        homes: names under which its adapters are filed; one per seed, none of a declared generator.
    """

    name: str
    generator: str
    generators: tuple[str, ...]
    base: str | None = None
    format: str = ""
    size: int = 0
    series: str = ""
    training: str = ""
    n_epochs: int = 0
    shuffled: bool = False
    trained_on: str = ""
    only_on: str = ""
    homes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DomainLayout:
    """A domain of a run.

    Attributes:
        name: how the study calls the domain.
        title: one line about its corpus.
        fingerprint: of its documents and questions.
        n_documents: documents of the corpus.
        n_train: training questions.
        n_without_gold: questions that were left out because they name no gold passage.
        questions: ids of the test questions, in the domain's order.
        trainings: for each adapter that was trained on the domain, by name, what makes two trainings the same.
    """

    name: str
    title: str
    fingerprint: str
    n_documents: int
    n_train: int
    n_without_gold: int
    questions: tuple[str, ...]
    trainings: dict[str, str]


@dataclass(frozen=True)
class Layout:
    """What a run is made of.

    Attributes:
        study: name of the study.
        title: one line for the report.
        notes: remarks for the report.
        measures: names of the measures, in the study's order.
        contexts: names of the test contexts, sorted.
        domains: in the study's order.
        arms: what is compared, bases first.
    """

    study: str
    title: str
    notes: tuple[str, ...]
    measures: tuple[str, ...]
    contexts: tuple[str, ...]
    domains: tuple[DomainLayout, ...]
    arms: tuple[Arm, ...]

    def arms_on(self, domain: str) -> list[Arm]:
        """The arms that are asked on a domain.

        Args:
            domain: name of the domain.
        """
        return [arm for arm in self.arms if arm.only_on in ("", domain)]

    def answer_sets(self, domain: str) -> list[tuple[str, str]]:
        """(generator, contexts) of every set of answers on a domain.

        Args:
            domain: name of the domain.
        """
        names = [name for arm in self.arms_on(domain) for name in arm.generators]
        return [(name, contexts) for name in names for contexts in self.contexts]

    @property
    def declared(self) -> dict[str, str]:
        """The declared generator behind every name under which answers are filed."""
        return {name: arm.generator for arm in self.arms for name in arm.generators}

    @property
    def arm_of(self) -> dict[str, str]:
        """The arm behind every name under which answers are filed."""
        return {name: arm.name for arm in self.arms for name in arm.generators}
