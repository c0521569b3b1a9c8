"""Answers a second: the context that Traveler gives beside engines that answer the bare query."""
