"""Ready designs: what `design: NAME` in a study stands for, so that nobody must write forty lines.

Examples:
    >>> study = with_design({'design': 'raft_vs_closed_book', 'generators': []}, 'study.yaml')
    >>> study['contexts'][:2]
    ['retrieved', 'none']
"""

from __future__ import annotations

from typing import Any

from ragstudy.errors import InputError, nearest

_SEEDS = [1, 2, 3]
_SIZES = [200, 500, 1000]
_BASICS = ["retrieved", "none"]
_PROBES = ["retrieved", "none", "oracle", "oracle_with_distractors", "distractors_only", "counterfactual"]

# Entries of `finetuning` without their base, and the contexts; `examples` and `extractive` add control arms.
DESIGNS: dict[str, dict[str, Any]] = {
    "fine_failing": {
        "about": "the paper's question: does tuning on 200, 500 or 1000 pairs help behind retrieval? Its prompts are "
        "not known, so both are trained: the question alone, and with passages",
        "finetuning": [{"formats": ["closed_book", "retrieved"], "sizes": _SIZES, "seeds": _SEEDS}],
        "contexts": _BASICS,
    },
    "openai_guidance": {
        "about": "the advice to begin with 10 pairs and to expect gains from 50 to 100",
        "finetuning": [{"formats": ["closed_book", "retrieved"], "sizes": [10, 50, 100], "seeds": _SEEDS}],
        "contexts": _BASICS,
    },
    "raft_vs_closed_book": {
        "about": "what the training prompt holds: nothing, gold passages, or gold passages among distractors",
        "finetuning": [{"formats": ["closed_book", "oracle", "raft"], "sizes": [500], "seeds": _SEEDS}],
        "contexts": _PROBES,
    },
    "label_source": {
        "about": "where the answers to learn come from: the references, or the base's own right answers",
        "finetuning": [
            {
                "formats": ["retrieved"],
                "sizes": [200],
                "seeds": _SEEDS,
                "labels": ["gold", "self_distilled"],
                "shuffled": True,
            }
        ],
        "contexts": ["retrieved", "none", "oracle", "distractors_only"],
    },
    "full": {
        "about": "every format and size, both sources of labels, checkpoints, shuffled-label and "
        "few-shot controls, every context",
        "finetuning": [
            {"formats": ["closed_book", "retrieved", "oracle", "raft"], "sizes": _SIZES, "seeds": _SEEDS},
            {"name": "epochs", "formats": ["closed_book"], "sizes": [500], "seeds": _SEEDS, "checkpoints": [1, 2]},
            {"formats": ["retrieved"], "sizes": [500], "seeds": _SEEDS, "labels": ["self_distilled"]},
            {"formats": ["closed_book", "retrieved"], "sizes": [200], "seeds": _SEEDS, "shuffled": "only"},
        ],
        "contexts": _PROBES,
        "examples": 3,
        "extractive": True,
    },
}


def with_design(content: dict[str, Any], place: str) -> dict[str, Any]:
    """The content of a study with what its `design` stands for filled in where nothing is written.

    `design` is a name, or a mapping of `name` and keys of `finetuning` that hold for all of its entries
    (`{name: fine_failing, sizes: [50, 100]}`).

    Args:
        content: parsed YAML.
        place: names it in messages.

    Raises:
        InputError: there is no such design.
    """
    given = content.get("design")
    if not given:
        return content
    name, changes = (given.get("name"), given) if isinstance(given, dict) else (given, {})
    if not isinstance(name, str) or name not in DESIGNS:
        msg = f"{place}: design: {name!r} is no design{nearest(str(name), DESIGNS)}"
        raise InputError(msg)
    design = DESIGNS[name]
    changes = {key: value for key, value in changes.items() if key != "name"}
    filled = {**content, "design": name}
    filled.setdefault("contexts", list(design["contexts"]))
    generators = content.get("generators")
    # Anything but a list is named by the checks that follow.
    models = [one for one in generators if _is_model(one)] if isinstance(generators, list) else []
    if "finetuning" not in content and models:
        filled["finetuning"] = [
            {**entry, **changes, "base": model["name"]} for model in models for entry in design["finetuning"]
        ]
        filled["generators"] = [*(generators or []), *_controls(design, models)]
    return filled


def _is_model(generator: object) -> bool:
    if not isinstance(generator, dict) or "name" not in generator:
        return False
    ready = any(generator.get(key) for key in ("adapter", "examples", "instruction", "tuned_from"))
    return generator.get("kind") == "transformers" and not ready


def _controls(design: dict[str, Any], models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    n = design.get("examples", 0)
    controls = [
        {**model, "name": f"{model['name']}-{n}-examples", "examples": n, "tuned_from": model["name"]}
        for model in models
        if n
    ]
    return [*controls, {"kind": "extractive", "name": "extractive"}] if design.get("extractive") else controls
