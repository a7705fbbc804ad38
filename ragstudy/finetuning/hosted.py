"""Training by the service behind an endpoint: OpenAI's fine-tuning API, and what speaks its protocol.

Nothing here decides to train; `ragstudy.study.hosted` does, once a person has agreed.

Examples:
    >>> from ragstudy.specs import FineTuneSpec
    >>> hosted_settings(FineTuneSpec(base='gpt', method='hosted', epochs=2, learning_rate_multiplier=1.5))
    {'n_epochs': 2, 'batch_size': 8, 'learning_rate_multiplier': 1.5}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ragstudy.endpoints import server_key
from ragstudy.errors import UnavailableError
from ragstudy.finetuning.recipes import chat_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai.types.fine_tuning import FineTuningJob

    from ragstudy.specs import EndpointSpec, FineTuneSpec

# What a training is marked with at the service, so that one that was started and not written down is found again.
_MARK = "ragstudy"
_LOOKED_THROUGH = 300
_LONGEST_REASON = 300
_TRIES = 5
_NO_SUCH_PAGE = (404, 405, 501)
_START, _LOOK, _LIST = "start the training", "find the training", "list its trainings"
Result = TypeVar("Result")
State = Literal["waiting", "running", "succeeded", "failed", "cancelled"]
_TOLD: tuple[State, ...] = ("running", "succeeded", "failed", "cancelled")


class ServiceBusyError(UnavailableError):
    """The service takes no further training now; it may when another has ended."""


class NotThereError(UnavailableError):
    """The service does not know the training that is asked for, or the file that one is to be started with."""


class NoListError(UnavailableError):
    """The service does not list its trainings."""


@dataclass(frozen=True)
class HostedTraining:
    """One training at the service.

    Attributes:
        id: its name there.
        state: waiting (for the check of its file, or its turn), running, or how it ended.
        model: name of the model that it made; '' before it has succeeded.
        n_tokens: tokens that were trained on, over all epochs; 0 where the service does not say.
        reason: why it failed; '' where it did not.
    """

    id: str
    state: State
    model: str = ""
    n_tokens: int = 0
    reason: str = ""


def hosted_settings(spec: FineTuneSpec) -> dict[str, Any]:
    """What the service is told of a training; everything else it chooses itself.

    Args:
        spec: of the training.
    """
    settings: dict[str, Any] = {"n_epochs": spec.epochs, "batch_size": spec.batch_size}
    if spec.learning_rate_multiplier is not None:
        settings["learning_rate_multiplier"] = spec.learning_rate_multiplier
    return settings


class FineTuningService:
    """The fine-tuning part of an OpenAI-compatible service.

    Args:
        spec: of the generator that is tuned; its key is read from the environment.

    Raises:
        InputError: the key is not set.
    """

    def __init__(self, spec: EndpointSpec) -> None:
        from openai import OpenAI

        self._spec = spec
        key = server_key(spec, "generator")
        self._client = OpenAI(base_url=spec.url, api_key=key, max_retries=_TRIES, timeout=spec.timeout_seconds)

    def upload(self, pairs: Sequence[tuple[str, str]]) -> str:
        """The id of a file with training pairs.

        Args:
            pairs: user message and answer to learn, in their order.

        Raises:
            UnavailableError: the service did not take it.
        """
        content = chat_lines(pairs).encode()
        return self._asked(
            "upload the pairs", lambda: self._client.files.create(file=("pairs.jsonl", content), purpose="fine-tune").id
        )

    def start(self, file: str, spec: FineTuneSpec, seed: int, mark: str) -> str:
        """The id of a new training; from here on it costs money.

        Args:
            file: id of the pairs.
            spec: of the training.
            seed: of the training.
            mark: by which it is found again.

        Raises:
            ServiceBusyError: too many are under way.
            NotThereError: it does not know the file.
            UnavailableError: the service did not take it.
        """
        # Tried once: a request that was lost on its way back has started one.
        jobs = self._client.with_options(max_retries=0).fine_tuning.jobs
        settings: Any = {"type": "supervised", "supervised": {"hyperparameters": hosted_settings(spec)}}
        return self._asked(
            _START,
            lambda: (
                jobs.create(
                    model=self._spec.model,
                    training_file=file,
                    method=settings,
                    seed=seed,
                    suffix=mark,
                    metadata={_MARK: mark},
                ).id
            ),
        )

    def find(self, mark: str, file: str = "") -> HostedTraining | None:
        """The latest training with a mark, or of a file, that has not failed, or None.

        Args:
            mark: that it was started with.
            file: that it was started with, or ''.

        Raises:
            NoListError: the service does not list its trainings.
            UnavailableError: the service does not answer.
        """

        def look() -> HostedTraining | None:
            for place, job in enumerate(self._client.fine_tuning.jobs.list(limit=100)):
                found = _read(job)
                is_it = (job.metadata or {}).get(_MARK) == mark or (file and job.training_file == file)
                if is_it and found.state not in ("failed", "cancelled"):
                    return found
                if place >= _LOOKED_THROUGH:
                    break
            return None

        return self._asked(_LIST, look)

    def look(self, training: str) -> HostedTraining:
        """How a training is.

        Args:
            training: its id.

        Raises:
            NotThereError: the service does not know it.
            UnavailableError: the service does not answer.
        """
        return self._asked(_LOOK, lambda: _read(self._client.fine_tuning.jobs.retrieve(training)))

    def _asked(self, what: str, request: Callable[[], Result]) -> Result:
        import openai

        try:
            return request()
        except (openai.OpenAIError, TypeError, AttributeError) as error:
            # What is sent in place of a list may be anything.
            said = str(error).replace(self._client.api_key, "(key)")[:_LONGEST_REASON]
            msg = f"generator {self._spec.name!r}: {self._spec.url} did not {what}: {said}"
            if isinstance(error, openai.RateLimitError) and error.code != "insufficient_quota":
                raise ServiceBusyError(msg) from error
            if what == _LIST and _has_no_list(error):
                raise NoListError(msg) from error
            if isinstance(error, openai.NotFoundError | openai.BadRequestError) and _names(said, what):
                raise NotThereError(msg) from error
            raise UnavailableError(msg) from error


def _has_no_list(error: Exception) -> bool:
    """Whether a service has no list of trainings, or sends something else in its place; not that it fails for now."""
    return getattr(error, "status_code", None) in _NO_SUCH_PAGE or isinstance(error, TypeError | AttributeError)


def _names(said: str, what: str) -> bool:
    """Whether a refusal is about the training that is looked for, or about the file that one is started with."""
    return what == _LOOK or (what == _START and "file" in said.lower())


def _read(job: FineTuningJob) -> HostedTraining:
    reason = job.error.message if job.error else ""
    state: State = next((one for one in _TOLD if one == job.status), "waiting")
    return HostedTraining(job.id, state, job.fine_tuned_model or "", job.trained_tokens or 0, reason)
