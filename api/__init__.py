"""The HTTP API of a plant: what is going on, says who, since when, and what is missing."""
