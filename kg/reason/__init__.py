"""Reason: what follows from the present by the ontology and its rules.

``rules`` closes the ontology once and says what it means for data; ``reasoner`` keeps all that
follows from a plant's facts, and follows each change.
"""

from kg.reason.reasoner import Explanation, Reasoner, explanations

__all__ = ["Explanation", "Reasoner", "explanations"]
