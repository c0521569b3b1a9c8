"""Asking: the saved questions, those that a function answers, and which can be answered at all."""
