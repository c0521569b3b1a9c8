"""Answer: questions of context, each fact with its source, its age and its state."""

from kg.answer.answers import Answers

__all__ = ["Answers"]
