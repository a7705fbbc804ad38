"""A study as a person writes it: domains, retrieval, generators, fine-tuning, contexts, measures, statistics.

Examples:
    >>> RetrievalSpec(retriever='hybrid').top_k
    5
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, model_validator

from ragstudy.errors import nearest
from ragstudy.specs.base import DType, Name, Spec, duplicates
from ragstudy.specs.contexts import ContextName
from ragstudy.specs.finetuning import FineTuneSpec
from ragstudy.specs.finetuning_checks import finetuning_problems
from ragstudy.specs.generators import AnyGenerator, JudgeSpec

PASSAGE_ABLATION = "passage_ablation"

INSTRUCTION = "Answer the question using the passages. If they do not contain the answer, say so."
INSTRUCTION_WITHOUT_PASSAGES = "Answer the question."
DEFAULT_EMBEDDER = "sentence-transformers/all-MiniLM-L6-v2"
DEFAULT_MEASURES = (
    "accuracy",
    "completeness",
    "exact_match",
    "token_f1",
    "rouge_l",
    "answer_words",
    "abstention",
)


class DomainSpec(Spec):
    """A domain of the study.

    Attributes:
        path: folder of the domain, relative to the study's file.
        name: how the reports call it; the folder's name by default.
        n_test: how many test questions to ask, drawn with the study's seed; all by default.
        chunk_tokens: overrides the study's retrieval setting for this domain.
        only_with_gold: whether questions that have an answer but name no gold passage are left out, of training and
            test and in every context; for contexts and formats that need gold passages.
    """

    path: str
    name: Name = ""
    n_test: int | None = Field(default=None, ge=1)
    chunk_tokens: int | None = Field(default=None, ge=8)
    only_with_gold: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, given: object) -> object:
        given = {"path": given} if isinstance(given, str) else given
        if isinstance(given, dict) and isinstance(given.get("path"), str) and not given.get("name"):
            given = {**given, "name": Path(given["path"]).name}
        return given


Chunking = Literal["sentences", "sections"]


class RetrievalSpec(Spec):
    """How passages are made and found.

    Attributes:
        embedder: a sentence-transformers model, by local folder or hub id, the name of an installed embedder, or
            `package.module:object`.
        retriever: `dense` (FAISS over embeddings), `bm25` (words), `hybrid` (both, their ranks fused), the name of an
            installed retriever, or `package.module:object`.
        reranker: None, a cross-encoder of sentence-transformers by local folder or hub id, the name of an installed
            reranker, or `package.module:object`; it orders the first `rerank_depth` passages anew.
        rerank_depth: passages that the reranker looks at, at least as many as are shown.
        chunk_tokens: longest passage, in tokens of the embedder.
        chunk_overlap: tokens that neighbouring passages share.
        chunking: `sentences` fills every passage with whole sentences; `sections` begins one at every Markdown heading,
            tells in each the headings it stands under, and cuts tables between rows, their head told again.
        within: `group` looks for passages in the documents of the question's own group only (a paper, a manual), for
            questions that do not say what they are about; None looks in all of them.
        top_k: passages shown to a generator.
        batch_size: texts embedded at a time.
        dtype: precision of the embedder; 'auto' takes bfloat16 where the processor multiplies it fast.
    """

    embedder: str = DEFAULT_EMBEDDER
    chunk_tokens: int = Field(default=128, ge=8)
    chunk_overlap: int = Field(default=16, ge=0)
    chunking: Chunking = "sentences"
    top_k: int = Field(default=5, ge=1)
    batch_size: int = Field(default=64, ge=1)
    dtype: DType = "auto"
    within: Literal["group"] | None = None
    retriever: str = "dense"
    reranker: str | None = None
    rerank_depth: int = Field(default=50, ge=1)

    @model_validator(mode="after")
    def _overlap_is_shorter(self) -> RetrievalSpec:
        if self.chunk_overlap >= self.chunk_tokens:
            msg = f"chunk_overlap is {self.chunk_overlap}; it must be less than chunk_tokens ({self.chunk_tokens})"
            raise ValueError(msg)
        return self


class ForgettingSpec(Spec):
    """A test of what a model of the study could do before it was tuned (docs/diagnosis.md has the file formats).

    Attributes:
        name: how reports call it.
        kind: `perplexity` of plain text, `multiple_choice` by likelihood, `cloze` (the likeliest continuation is the
            wanted one), `instructions` (what is written matches a pattern), or `lm_eval`, a task of
            lm-evaluation-harness (extra `harness`).
        path: file of JSON lines, JSON or text, or the folder of a domain; not of `lm_eval`.
        task: of `lm_eval`: its name there, e.g. `hellaswag`.
        n: most items.
    """

    name: Name
    kind: Literal["perplexity", "multiple_choice", "cloze", "instructions", "lm_eval"]
    path: str = ""
    task: str = ""
    n: int = Field(default=200, ge=2)

    @model_validator(mode="after")
    def _names_its_items(self) -> ForgettingSpec:
        wanted, unwanted = ("task", "path") if self.kind == "lm_eval" else ("path", "task")
        if not getattr(self, wanted) or getattr(self, unwanted):
            msg = f"kind {self.kind!r} needs {wanted!r} and takes no {unwanted!r}"
            raise ValueError(msg)
        return self


class PromptSpec(Spec):
    """The instructions of the study's prompts.

    Attributes:
        instruction: what a prompt with passages asks for.
        instruction_without_passages: what a prompt without passages asks for.
    """

    instruction: str = INSTRUCTION
    instruction_without_passages: str = INSTRUCTION_WITHOUT_PASSAGES


class PrimarySpec(Spec):
    """Comparisons that a study names as primary: those that hold all of what is written here.

    Attributes:
        domain: name of the domain; '' for every one.
        arm: name of the arm; '' for every one.
        contexts: name of the test context; '' for every one.
        measure: name of the measure; '' for every verdict measure.
    """

    domain: str = ""
    arm: str = ""
    contexts: str = ""
    measure: str = ""

    def holds(self, domain: str, arm: str, contexts: str, measure: str) -> bool:
        """Whether a comparison is among them.

        Args:
            domain: name of its domain.
            arm: name of its arm.
            contexts: name of its test context.
            measure: name of its measure.
        """
        wanted, given = (self.domain, self.arm, self.contexts, self.measure), (domain, arm, contexts, measure)
        return all(not one or one == other for one, other in zip(wanted, given, strict=True))


class StatisticsSpec(Spec):
    """The analysis, fixed in advance.

    Attributes:
        margin: smallest difference of a score that matters; differences within it are 'no meaningful difference'.
        confidence: of the study's verdicts; 1 - confidence is the chance of any false 'helps' or 'hurts', over all
            comparisons and all looks at growing data.
        power: for the smallest detectable effect and the number of further questions.
        n_resamples: draws of bootstrap and sign flips.
        seed: of bootstrap and sign flips.
        verdict_measures: measures that get a verdict; all their comparisons are corrected together.
        primary: comparisons that are tested first and by themselves; the others are called only where each of these is
            told from zero.
    """

    margin: float = Field(default=0.03, gt=0, lt=1)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    power: float = Field(default=0.8, gt=0.5, lt=1)
    n_resamples: int = Field(default=10_000, ge=100)
    seed: int = 1
    verdict_measures: tuple[str, ...] = Field(default=("accuracy", "completeness"), min_length=1)
    primary: tuple[PrimarySpec, ...] = ()


class StudySpec(Spec):
    """A study.

    Attributes:
        name: what the study and its run folder are called.
        title: one line for the report.
        notes: remarks for the report, e.g. which settings are our own choice.
        domains: what is asked about.
        retrieval: how passages are made and found.
        generators: who answers.
        finetuning: adapters to train.
        design: name of a ready design that fills in what is not written: contexts, seeds and `finetuning` on every
            generator of kind 'transformers' (docs/designs.md).
        contexts: what the test prompts hold; see docs/contexts.md.
        prompt: instructions.
        measures: how answers are scored.
        likelihood_model: language model that helps to score answers with longer references: 'auto' for SmolLM2 where
            its package is installed and the domain is English, 'none', or a model as a generator names it.
        judges: models that score answers.
        forgetting: tests of the models before and after tuning that have nothing to do with the domains.
        passage_ablation: whether to measure how much less likely each answer gets when the gold passages are taken out
            of its prompt. Was called `sensitivity`.
        audits: for measures, the audit.json of `ragstudy judge audit` that says how far each can be trusted.
        statistics: how arms are compared.
        seed: decides the draws of test questions and of examples.
    """

    name: Name
    title: str = ""
    notes: tuple[str, ...] = ()
    design: str = ""
    domains: tuple[DomainSpec, ...] = Field(min_length=1)
    retrieval: RetrievalSpec = RetrievalSpec()
    generators: tuple[AnyGenerator, ...] = Field(min_length=1)
    finetuning: tuple[FineTuneSpec, ...] = ()
    contexts: tuple[ContextName, ...] = Field(default=("retrieved", "none"), min_length=1)
    prompt: PromptSpec = PromptSpec()
    measures: tuple[str, ...] = Field(default=DEFAULT_MEASURES, min_length=1)
    likelihood_model: str = Field(default="auto", min_length=1)
    judges: tuple[JudgeSpec, ...] = ()
    forgetting: tuple[ForgettingSpec, ...] = ()
    passage_ablation: bool = Field(default=False, validation_alias=AliasChoices("passage_ablation", "sensitivity"))
    audits: dict[str, str] = Field(default_factory=dict)
    statistics: StatisticsSpec = StatisticsSpec()
    seed: int = 1

    @model_validator(mode="after")
    def _names_fit_together(self) -> StudySpec:
        folders = {domain.name: Path(domain.path).expanduser().resolve() for domain in self.domains}
        problems = [
            *self._repeated_names(),
            *self._unknown_names(),
            *finetuning_problems(self.finetuning, self.generators, folders),
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _repeated_names(self) -> list[str]:
        problems = duplicates("generators", [one.name for one in self.generators])
        problems += duplicates("domains", [one.name for one in self.domains])
        problems += duplicates("judges", [one.name for one in self.judges])
        problems += duplicates("forgetting", [test.name for test in self.forgetting])
        problems += [
            f"forgetting: the name {PASSAGE_ABLATION!r} is taken by the setting of that name; choose another"
            for test in self.forgetting
            if test.name == PASSAGE_ABLATION
        ]
        return problems + duplicates("contexts", self.contexts) + duplicates("measures", self.measures)

    def _unknown_names(self) -> list[str]:
        problems = [
            f"audits: {measure!r} is not among the study's measures{nearest(measure, self.measures)}"
            for measure in self.audits
            if measure not in self.measures
        ]
        problems += [
            f"statistics.verdict_measures: {measure!r} is not among the study's measures"
            + nearest(measure, self.measures)
            for measure in self.statistics.verdict_measures
            if measure not in self.measures
        ]
        names = [generator.name for generator in self.generators]
        return problems + [
            f"generators: {one.name!r} says tuned_from: {one.tuned_from!r}, which is no other generator of this "
            f"study{nearest(one.tuned_from, [name for name in names if name != one.name])}"
            for one in self.generators
            if one.tuned_from is not None and one.tuned_from not in set(names) - {one.name}
        ]
