"""Runs the command where its script is not on the path: ``python -m kg.cli``."""

from kg.cli import main

main()
