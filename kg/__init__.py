"""Traveler: the context layer of a factory, from records to answers."""
