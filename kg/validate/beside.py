"""Validation in a process of its own, so that folding and answers go on beside it.

pySHACL takes seconds of a processor for a plant of some size, and would hold Python's lock as long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

from rdflib import Graph

from kg.errors import OntologyError
from kg.records import Gap
from kg.validate import gaps_of_lines, lines_of, read_shapes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Fact
    from kg.validate import Shapes

_CODE_ROOT = Path(__file__).resolve().parents[2]
_NICENESS = 10
_SIZE_BYTES = 8


class Beside:
    """Finds gaps in a process that starts with the first question, and ends with this one."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._asking = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def find_gaps(self, facts: Iterable[Fact]) -> list[Gap]:
        """Validate the present; see ``kg.validate.find_gaps``.

        Raises:
            OntologyError: a shape cannot be run, or the process died; the next call starts another.
        """
        text = "\n".join(lines_of(facts, self._shapes))
        with self._asking:
            try:
                answer = self._ask(text.encode())
            except (OSError, EOFError) as error:
                self._end()
                raise OntologyError(
                    "the process that validates ended by itself",
                    hint="it is started again; is there too little memory?",
                ) from error
        if "error" in answer:
            raise OntologyError(answer["error"])
        return [Gap(**gap) for gap in answer["gaps"]]

    def close(self) -> None:
        """End the process, also in the middle of its work."""
        process = self._process
        if process is not None:
            process.kill()
        with self._asking:
            self._end()

    def _ask(self, text: bytes) -> Any:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kg.validate.beside"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_CODE_ROOT,
            )
            _send(self._process.stdin, self._shapes.graph.serialize(format="nt").encode())
        _send(self._process.stdin, text)
        return json.loads(_receive(self._process.stdout))

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _send(pipe: IO[bytes] | None, body: bytes) -> None:
    assert pipe is not None
    pipe.write(len(body).to_bytes(_SIZE_BYTES, "big"))
    pipe.write(body)
    pipe.flush()


def _receive(pipe: IO[bytes] | None) -> bytes:
    """Read one message; Raises: EOFError where the other side has gone."""
    assert pipe is not None
    head = pipe.read(_SIZE_BYTES)
    body = pipe.read(int.from_bytes(head, "big")) if len(head) == _SIZE_BYTES else b""
    if not head or len(body) != int.from_bytes(head, "big"):
        raise EOFError
    return body


def main() -> None:
    """Answer what the other process asks until it has gone."""
    os.nice(_NICENESS)
    asked, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the answers
    try:
        shapes = read_shapes(Graph().parse(data=_receive(asked).decode(), format="nt"))
        while True:
            lines = _receive(asked).decode()
            try:
                answer: dict[str, object] = {
                    "gaps": [asdict(gap) for gap in gaps_of_lines(lines, shapes)]
                }
            except OntologyError as error:
                answer = {"error": error.message}
            _send(answers, json.dumps(answer).encode())
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return


if __name__ == "__main__":
    main()
