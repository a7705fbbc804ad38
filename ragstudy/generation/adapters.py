"""PEFT adapters on a loaded base: checked before they are put on, and afterwards that all of their tensors are used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragstudy.errors import InputError, UnavailableError
from ragstudy.files import object_in
from ragstudy.generation.locate import model_fingerprint
from ragstudy.probes import n_tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from peft import PeftModel
    from torch import nn
    from transformers import PreTrainedModel

_PREFIX = "base_model.model."
_LORA = (".lora_A.weight", ".lora_B.weight")
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight")
_SHOWN = 200


def put_on(base: PreTrainedModel, adapted: PeftModel | None, folder: str, name: str, model: str) -> PeftModel:
    """The base with a further adapter on it.

    Args:
        base: as loaded.
        adapted: the base with the adapters that are on it already, or None.
        folder: of the adapter.
        name: to give it.
        model: how the study calls the base, for messages.

    Raises:
        InputError: the adapter does not fit the base.
        UnavailableError: its files cannot be read.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    shapes = _shapes(folder)
    is_lora = str(_config(Path(folder)).get("peft_type", "LORA")) == "LORA"
    if is_lora and (problem := misfit(base, shapes)):
        msg = f"adapter {folder!r} does not fit model {model!r}: {problem}{_trained_on(folder)}"
        raise InputError(msg)
    first = adapted is None
    try:
        if adapted is None:
            adapted = PeftModel.from_pretrained(base, folder, adapter_name=name, autocast_adapter_dtype=False)
        else:
            adapted.load_adapter(folder, adapter_name=name, autocast_adapter_dtype=False)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        msg = f"adapter {folder!r} cannot be put on model {model!r}: {str(error).strip()[:_SHOWN]}{_trained_on(folder)}"
        raise UnavailableError(msg) from error
    try:
        _check_all_used(adapted, name, shapes, folder, model)
    except InputError:
        # The base is given back as it was.
        if first:
            adapted.unload()
        else:
            adapted.delete_adapter(name)
        raise
    return adapted


def has_virtual_tokens(config: Any) -> bool:  # noqa: ANN401 - a configuration of PEFT, or None
    """Whether an adapter puts trained tokens, or their keys and values, before a prompt; filling does not go with them.

    Args:
        config: of the adapter, or None.
    """
    return bool(getattr(config, "is_prompt_learning", False))


def depends_on_tokens(config: Any) -> bool:  # noqa: ANN401 - a configuration of PEFT, or None
    """Whether what an adapter does to a token depends on which tokens are read beside it.

    Args:
        config: of the adapter, or None.
    """
    by_whole_input = getattr(config, "peft_type", None) == "XLORA"
    return has_virtual_tokens(config) or by_whole_input or bool(getattr(config, "alora_invocation_tokens", None))


def grows_to(base: PreTrainedModel, folder: str) -> int:
    """How many tokens an adapter was trained with, where these are more than the base has; else 0.

    Args:
        base: as loaded.
        folder: of the adapter.
    """
    most = max((shape[0] for key, shape in _shapes(folder).items() if key.endswith(_EMBEDDINGS)), default=0)
    return most if most > n_tokens(base) else 0


def misfit(base: nn.Module, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Why the tensors of an adapter do not belong on a base; '' if nothing is found.

    Args:
        base: as loaded.
        shapes: of the adapter's tensors by name.
    """
    modules: dict[str, Any] = dict(base.named_modules())
    wrong = []
    for key, shape in shapes.items():
        place = key.removeprefix(_PREFIX)
        ending = next((one for one in _LORA if place.endswith(one)), None)
        if ending is None and ".lora_" in place:
            continue
        path = place[: -len(ending)] if ending else place.rpartition(".")[0]
        weight = getattr(modules.get(_original(path, modules)), "weight", None)
        if weight is None:
            wrong.append(f"{path}: no such layer")
            continue
        # A layer of GPT-2's kind keeps its weight turned round, so either side may be the one that fits.
        fits = shape[1 if ending == _LORA[0] else 0] in weight.shape if ending else tuple(weight.shape) == shape
        if not fits:
            wrong.append(f"{path}: {shape} against {tuple(weight.shape)}")
    if not wrong:
        return ""
    grown = [one for one in wrong if "embed" in one or "lm_head" in one]
    cure = (
        "; it was trained with added tokens: merge it (peft's merge_and_unload), save it with its tokenizer, and give "
        "that folder as model"
        if grown and len(grown) == len(wrong)
        else ""
    )
    return f"{len(wrong)} of {len(shapes)} tensors have no place ({wrong[0]}){cure}"


def _original(path: str, modules: Mapping[str, object]) -> str:
    """A layer's path in a base that has adapters on it already, where the layer itself lies one deeper."""
    deeper = f"{path}.base_layer"
    return deeper if deeper in modules else path


def _check_all_used(
    adapted: PeftModel, name: str, shapes: Mapping[str, tuple[int, ...]], folder: str, model: str
) -> None:
    """Check that the adapter on the base has the tensors of the file, each of them and no other.

    Raises:
        InputError: it has not.
    """
    from peft import get_peft_model_state_dict

    # Without embeddings, for which PEFT would ask the hub; they are compared with the file's own.
    there = set(get_peft_model_state_dict(adapted, adapter_name=name, save_embedding_layers=False))
    plain = {key for key in shapes if ".lora_" not in key and key not in there}
    unused = sorted(set(shapes) - there - plain) + _not_taken_over(adapted, plain, folder)
    missing = sorted(there - set(shapes))
    if unused or missing:
        told = f"{len(unused)} of its {len(shapes)} tensors are not used" if unused else f"{len(missing)} are missing"
        msg = f"adapter {folder!r} on model {model!r}: {told} ({(unused or missing)[0]}){_trained_on(folder)}"
        raise InputError(msg)


def _not_taken_over(adapted: PeftModel, keys: set[str], folder: str) -> list[str]:
    """Which whole tensors of an adapter, such as embeddings, the model does not have now."""
    import torch
    from safetensors import safe_open

    if not keys:
        return []
    here, wrong = dict(adapted.named_parameters(remove_duplicate=False)), []  # tied weights have two names
    for path in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(path, "pt") as tensors:
            for key in sorted(keys & set(tensors.keys())):
                mine = here.get(key)
                if mine is None or not torch.equal(mine.detach().cpu(), tensors.get_tensor(key).to(mine.dtype)):
                    wrong.append(key)
    return wrong


def _shapes(folder: str) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    found: dict[str, tuple[int, ...]] = {}
    try:
        for path in sorted(Path(folder).glob("*.safetensors")):
            with safe_open(path, "numpy") as tensors:
                for key in tensors.keys():  # noqa: SIM118 - no mapping
                    found[key] = tuple(tensors.get_slice(key).get_shape())
    except (OSError, SafetensorError) as error:
        msg = f"adapter {folder!r}: cannot read {path.name}: {str(error)[:_SHOWN]}; save it again"
        raise UnavailableError(msg) from error
    return found


def base_of(folder: Path) -> str:
    """The model that an adapter says it was trained on; '' if it does not say.

    Args:
        folder: of the adapter.
    """
    return str(_config(folder).get("base_model_name_or_path") or "")


def _config(folder: Path) -> dict[str, Any]:
    return object_in(folder / "adapter_config.json")


def _trained_on(folder: str) -> str:
    base = base_of(Path(folder))
    return f"; it says that it was trained on {base!r}" if base else ""


def other_base(folder: Path, model: str) -> str:
    """A sentence where an adapter says that it was trained on another model than this; '' where it may be the same.

    Folders are compared by content and hub ids by their last part, since the same model lies under many names.

    Args:
        folder: of the adapter.
        model: name of the base as the study writes it.
    """
    told = base_of(folder)
    if not told or told == model:
        return ""
    if Path(told).is_dir() and Path(model).is_dir():
        same = model_fingerprint(told) == model_fingerprint(model)
    else:
        same = Path(told).name.casefold() == Path(model).name.casefold()
    return "" if same else f"adapter {folder} says that it was trained on {told!r}, and is put on {model!r}"
