"""Gaps: what is missing or disputed, how much, what it blocks, who may be meant, in every form."""
