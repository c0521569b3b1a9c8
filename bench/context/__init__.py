"""Whether a card suffices: what a model would need to answer questions, and what it is given."""
