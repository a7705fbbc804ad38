"""The words of a report that need explaining, as docs/glossary.md has them."""

from __future__ import annotations

TERMS: dict[str, str] = {
    "arm": "what is compared with a base: a generator, or all seeds of one recipe at one size",
    "base": "the generator that an arm is compared with",
    "accuracy": "how much of what an answer says is right, 0 to 1",
    "completeness": "how much of what a right answer has to say an answer says, 0 to 1",
    "difference": "tuned minus base, mean over the same questions",
    "interval": "what the difference may be: a bootstrap over groups, with the variance between trainings added",
    "margin": "the smallest difference that matters, chosen before the study",
    "no meaningful difference": "the interval for two one-sided tests lies within the margin",
    "detectable": "found with the study's power at its error rate, given the noise measured",
    "failure point": "where in the pipeline a wrong answer went wrong, FP1 to FP7",
    "forgetting": "a model test gets worse by the training",
    "gold passages": "the fewest passages that together hold all evidence of a question",
    "ceiling": "what the reference answers themselves score",
    "context-faithful": "names the value that the changed passages hold",
    "parametric": "names the true value that the changed passages no longer hold",
    "seed": "decides subset, order and initial adapter of a training",
    "recall": "how early, and how much of, the evidence is found in the first k passages",
    "prompts": "what a test prompt holds: `none`, `retrieved`, `oracle`, …",
}
