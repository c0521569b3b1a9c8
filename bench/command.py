"""What the benchmarks' command lines have in common: options, progress, and the page's way out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def new_parser(module: str, description: str, epilog: str = "") -> argparse.ArgumentParser:
    """Make a benchmark's parser, whose help keeps the lines as they are written."""
    return argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def at_least(least: int) -> Callable[[str], int]:
    """Give a type of numbers for a parser of arguments."""

    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be {least} at least")
        return number

    return read


def add_number(
    parser: argparse.ArgumentParser, name: str, least: int, usual: int | list[int], told: str
) -> None:
    """Add an option for a number; for one or more where ``usual``, its default, is a list."""
    is_list = isinstance(usual, list)
    shown = " ".join(map(str, usual)) if isinstance(usual, list) else usual
    parser.add_argument(
        name,
        type=at_least(least),
        nargs="+" if is_list else None,
        metavar="N",
        default=usual,
        help=f"{told} (default: {shown})",
    )


def add_sizes(parser: argparse.ArgumentParser, usual: list[int]) -> None:
    """Add ``--jobs``: how large the plants are."""
    add_number(parser, "--jobs", 2, usual, "how many jobs, one plant for each number")


def add_peers(parser: argparse.ArgumentParser, peers: Sequence[str], ours: str) -> None:
    """Add ``--peers``: which engines are measured beside ``ours``."""
    parser.add_argument(
        "--peers",
        nargs="*",
        choices=peers,
        metavar="PEER",
        default=peers,
        help=f"whom to measure beside {ours} (default: {' '.join(peers)})",
    )


def add_folder(parser: argparse.ArgumentParser, told: str) -> None:
    """Add ``--folder``, which is a temporary one's place."""
    parser.add_argument("--folder", type=Path, help=told)


def add_seed(parser: argparse.ArgumentParser, told: str = "another seed is another plant") -> None:
    """Add ``--seed``, of which the made-up plant is made."""
    parser.add_argument("--seed", type=int, default=1, help=told)


def add_output(parser: argparse.ArgumentParser, page: str) -> None:
    """Add ``--output``; ``page`` is the name of the file in the folder of the benchmarks."""
    parser.add_argument(
        "--output",
        default=str(Path("bench") / page),
        help="where the page is written, - for the screen only (default: %(default)s)",
    )


def has_place(output: str) -> bool:
    """Tell whether a page can be written there, and say so where it cannot."""
    is_there = Path(output).parent.is_dir()
    if not is_there:
        print(f"error: there is no folder for --output {output}", file=sys.stderr)
    return is_there


def publish(page: str, output: str) -> None:
    """Print a page, and write it where ``output`` is not ``-``."""
    print(page, end="")
    if output != "-":
        Path(output).write_text(page, encoding="utf-8")


def say(text: str) -> None:
    """Tell how far the measuring is."""
    print(text, file=sys.stderr, flush=True)
