"""Reasoning beside other engines: the same plant, the same ontology, one run."""
