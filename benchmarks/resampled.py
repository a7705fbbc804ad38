"""Real answers drawn again: is nothing called where nothing differs, and do intervals hold what is known to be true?

    python benchmarks/resampled.py RUN [--studies 1000]

The documents of a finished run are the population: of each domain as many are drawn with replacement as it has, with
all their questions, all arms and all measures, which keeps every dependence that real answers have.

* *labels permuted*: each document's arms change sides with their bases at random, so that nothing is different.
* *as found*: the differences of the run itself are the truth; intervals and verdicts are held against them.

Two samples of one model are the plainest case of arms that do not differ. `Sampler` answers with one of them:

    generators:
      - {kind: custom, name: once, object: "resampled:Sampler", options: {model: smollm2-135m-instruct, seed: 1}}
      - {kind: custom, name: again, tuned_from: once, object: "resampled:Sampler",
         options: {model: smollm2-135m-instruct, seed: 2}}
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragstudy.records import Completion
from ragstudy.statistics import AnalysisSettings, Block, compare_blocks, decide
from ragstudy.study.analyse.compare import Comparer
from ragstudy.study.analyse.tables import ScoreTable, domains_of, mean_over_seeds
from ragstudy.study.run_folder import RunFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ragstudy.records import Prompt

_MEASURES = ("accuracy", "completeness")


class Sampler:
    """Answers with one sample of a local model, so that the same model can be asked twice.

    Args:
        model: name or folder, as of `kind: transformers`.
        seed: decides the sample.
    """

    def __init__(self, model: str, seed: int) -> None:
        from ragstudy.generation.causal import CausalModel
        from ragstudy.specs import TransformersSpec

        spec = TransformersSpec(name="sampled", model=model, max_new_tokens=48, batch_size=16)
        self._model, self._seed = CausalModel(spec), seed

    def generate(self, prompts: Sequence[Prompt]) -> list[Completion]:
        """One sample for each prompt."""
        texts = self._model.sample(prompts, 1, self._seed)
        return [Completion(text, "end", 1, len(prompt.passages)) for prompt, [text] in zip(prompts, texts, strict=True)]


class Population:
    """The answers of a finished run, by domain.

    Args:
        path: of the run folder.
    """

    def __init__(self, path: Path) -> None:
        folder = RunFolder(path)
        layout = folder.known_layout()
        scores = ScoreTable(folder.scores())
        self.domains: list[tuple[list[NDArray[np.intp]], NDArray[np.float64]]] = []
        for domain in domains_of(layout, folder.questions()):
            comparer = Comparer(domain, scores, layout.contexts, _MEASURES, _MEASURES, AnalysisSettings())
            differences = [mean_over_seeds(comparer.sides(one).differences) for one in comparer.with_verdict()]
            groups = np.asarray(domain.groups)
            documents = [np.flatnonzero(groups == name) for name in dict.fromkeys(domain.groups)]
            self.domains.append((documents, np.stack(differences, axis=1)))

    @property
    def truth(self) -> list[NDArray[np.float64]]:
        """Of each domain its mean differences."""
        return [np.nanmean(differences, axis=0) for _, differences in self.domains]

    def drawn(self, rng: np.random.Generator, *, permuted: bool) -> list[Block]:
        """A study of documents drawn anew.

        Args:
            rng: draws them.
            permuted: whether arms and bases change sides by document at random.
        """
        blocks = []
        for documents, differences in self.domains:
            chosen = rng.integers(0, len(documents), len(documents))
            rows = np.concatenate([documents[number] for number in chosen])
            groups = np.repeat(np.arange(len(chosen)), [len(documents[number]) for number in chosen])
            signs = rng.choice([-1.0, 1.0], len(chosen))[groups][:, None] if permuted else 1.0
            ranks = ["secondary"] * differences.shape[1]
            blocks.append(Block(differences[rows] * signs, [str(one) for one in groups], ranks=ranks))  # type: ignore[arg-type]
        return blocks


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies of each row")
    args = parser.parse_args()
    population = Population(args.run)
    n = sum(differences.shape[1] for _, differences in population.domains)
    shown = ", ".join(f"{len(one[1])} questions of {len(one[0])} documents" for one in population.domains)
    print(f"{n} comparisons; {shown}\n")
    print("| answers | any false call | all intervals hold | each holds | false *no meaningful difference* |")
    print("|---|---|---|---|---|")
    for name, permuted in (("labels permuted", True), ("as found", False)):
        print(f"| {name} | {_row(population, args.studies, permuted=permuted)} |", flush=True)


def _row(population: Population, n_studies: int, *, permuted: bool) -> str:
    truth = np.concatenate(population.truth) * (0.0 if permuted else 1.0)
    wrong, joint, single, level = [], [], [], []
    for number in range(n_studies):
        settings = AnalysisSettings(n_resamples=1000, seed=number)
        blocks = population.drawn(np.random.default_rng([number, int(permuted)]), permuted=permuted)
        found = [one for block in compare_blocks(blocks, settings) for one in block]
        verdicts = [decide(one, settings) for one in found]
        signs = np.asarray([{"helps": 1, "hurts": -1}.get(verdict, 0) for verdict in verdicts])
        wrong.append(((signs != 0) & (signs != np.sign(truth))).any())
        joint.append(all(one.low <= true <= one.high for one, true in zip(found, truth, strict=True)))
        single.append([one.single_low <= true <= one.single_high for one, true in zip(found, truth, strict=True)])
        beyond = np.abs(truth) >= settings.margin
        level.append((np.asarray(verdicts) == "no meaningful difference")[beyond].mean() if beyond.any() else np.nan)
    each = np.mean(single, axis=0)
    shares = f"{np.mean(wrong):.3f} | {np.mean(joint):.3f} | {each.min():.3f} to {each.max():.3f}"
    return f"{shares} | {'' if permuted else f'{np.mean(level):.3f}'}"


if __name__ == "__main__":
    main()
