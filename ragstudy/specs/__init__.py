"""What a person writes: a study, validated as a whole before anything runs.

Examples:
    >>> from ragstudy.specs import parse_context
    >>> context = parse_context('oracle_with_distractors@5:last')
    >>> context.k
    5
"""

from ragstudy.specs.base import NAME_PATTERN, DType, Name, Spec, duplicates
from ragstudy.specs.contexts import CONTEXTS, Context, headline_context, parse_context
from ragstudy.specs.designs import DESIGNS
from ragstudy.specs.finetuning import (
    GOLD,
    PLAIN,
    SELF_DISTILLED,
    TEACHER,
    FineTuneSpec,
    Format,
    PairFilter,
    Variant,
    arm_suffix,
    variants_of,
)
from ragstudy.specs.generators import (
    GENERATORS,
    EndpointSpec,
    GeneratorKind,
    GeneratorSpec,
    JudgeSpec,
    ServerSpec,
    TransformersSpec,
    kind_of,
)
from ragstudy.specs.load import load_study, parse_judges, parse_study, rebase_paths
from ragstudy.specs.study import (
    DEFAULT_EMBEDDER,
    DEFAULT_MEASURES,
    INSTRUCTION,
    INSTRUCTION_WITHOUT_PASSAGES,
    PASSAGE_ABLATION,
    Chunking,
    DomainSpec,
    ForgettingSpec,
    PrimarySpec,
    PromptSpec,
    RetrievalSpec,
    StatisticsSpec,
    StudySpec,
)

__all__ = [
    "CONTEXTS",
    "DEFAULT_EMBEDDER",
    "DEFAULT_MEASURES",
    "DESIGNS",
    "GENERATORS",
    "GOLD",
    "INSTRUCTION",
    "INSTRUCTION_WITHOUT_PASSAGES",
    "NAME_PATTERN",
    "PASSAGE_ABLATION",
    "PLAIN",
    "SELF_DISTILLED",
    "TEACHER",
    "Chunking",
    "Context",
    "DType",
    "DomainSpec",
    "EndpointSpec",
    "FineTuneSpec",
    "ForgettingSpec",
    "Format",
    "GeneratorKind",
    "GeneratorSpec",
    "JudgeSpec",
    "Name",
    "PairFilter",
    "PrimarySpec",
    "PromptSpec",
    "RetrievalSpec",
    "ServerSpec",
    "Spec",
    "StatisticsSpec",
    "StudySpec",
    "TransformersSpec",
    "Variant",
    "arm_suffix",
    "duplicates",
    "headline_context",
    "kind_of",
    "load_study",
    "parse_context",
    "parse_judges",
    "parse_study",
    "rebase_paths",
    "variants_of",
]
