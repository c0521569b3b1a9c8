"""Tracing: what a thing went into and what is in it, to any depth, and how sure that is."""
