"""From what a study says of a generator to the generator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ragstudy.files import fingerprint
from ragstudy.generation.locate import adapter_fingerprint, model_fingerprint
from ragstudy.generation.recorded import read_answers
from ragstudy.plugins import make_plugin
from ragstudy.specs import CustomSpec, EndpointSpec, ExtractiveSpec, RecordedSpec, ScriptedSpec, TransformersSpec

if TYPE_CHECKING:
    from ragstudy.protocols import Generator
    from ragstudy.specs import GeneratorSpec


def make_generator(spec: GeneratorSpec) -> Generator:
    """The generator that a study describes; a transformers model is loaded here.

    Raises:
        InputError: something it names is missing or wrong.
        UnavailableError: something it needs cannot be reached.
    """
    match spec:
        case TransformersSpec():
            from ragstudy.generation.causal import CausalGenerator, CausalModel

            return CausalGenerator(CausalModel(spec), spec.adapter)
        case ExtractiveSpec():
            from ragstudy.generation.extractive import ExtractiveGenerator

            return ExtractiveGenerator(spec.n_sentences)
        case RecordedSpec():
            from ragstudy.generation.recorded import RecordedGenerator

            return RecordedGenerator(spec.answers)
        case ScriptedSpec():
            from ragstudy.generation.scripted import ScriptedGenerator

            return ScriptedGenerator(spec.answers, spec.default, spec.fails_on)
        case EndpointSpec():
            from ragstudy.generation.endpoint import EndpointGenerator

            return EndpointGenerator(spec)
        case CustomSpec():
            made: Generator = make_plugin(spec.object, f"generator {spec.name!r}", "generate", spec.options)
            return made


def generator_fingerprint(spec: GeneratorSpec) -> str:
    """Changes whenever the generator's answers might: its settings (not its name or batch size) or its files."""
    settings = spec.model_dump(mode="json", exclude={"name", "batch_size", "tuned_from", "device"})
    # What is not used leaves the fingerprints of answers that were made before there was such a setting.
    for unused in ("examples", "instruction"):
        if not settings.get(unused):
            settings.pop(unused, None)
    if settings.get("bits") == 16:  # noqa: PLR2004 - bits
        del settings["bits"]
    if isinstance(spec, TransformersSpec):
        # Files, not where they lie: the same study from another folder is the same study.
        settings["model"] = model_fingerprint(spec.model)
        settings["adapter"] = adapter_fingerprint(spec.adapter) if spec.adapter else ""
    if isinstance(spec, RecordedSpec):
        settings["answers"] = fingerprint(sorted(read_answers(Path(spec.answers)).items()))
    return fingerprint(settings)
