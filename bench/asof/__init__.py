"""How long an answer as of another time takes: ``python -m bench.asof``."""
