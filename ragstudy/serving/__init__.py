"""An arm of a run as something that answers new questions: in Python, in a folder of its own, over HTTP."""

from ragstudy.serving.answerer import Answered, Answerer

__all__ = ["Answered", "Answerer"]
