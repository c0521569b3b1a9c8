"""The fence around a query worker: no new sockets, a memory cap; the engine has no switch for it.

Where the kernel filters system calls (Linux), opening a socket is refused. Elsewhere every file
descriptor is used up while queries run, so that none is left for a socket; none is left for the
store's files either, which the engine opens when it first reads them, so such a worker must hold
its graph in memory.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import socket
import struct
import sys
from pathlib import Path
from typing import Literal

from kg.errors import QueryError

FenceKind = Literal["filter", "descriptors"]

# seccomp(2), bpf(4): number of the architecture, then of socket, socketpair, io_uring_setup.
_CALLS = {
    "x86_64": (0xC000003E, (41, 53, 425)),
    "aarch64": (0xC00000B7, (198, 199, 425)),
}
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EACCES
_X32 = 0x40000000  # numbers from here on are a second way into the same x86_64 calls


class Fence:
    """Keeps this process off the network; stands from ``shut`` until ``open``."""

    def __init__(self, kind: FenceKind) -> None:
        self.kind: FenceKind = "descriptors"
        if kind == "filter" and _filter_calls():
            self.kind = "filter"
        self._fillers: list[int] = []
        self._usual = resource.getrlimit(resource.RLIMIT_NOFILE)

    def open(self) -> None:
        """Free descriptors again, so that a checkpoint can be opened; a filter stays."""
        for handle in self._fillers:
            os.close(handle)
        self._fillers.clear()
        resource.setrlimit(resource.RLIMIT_NOFILE, self._usual)

    def shut(self) -> None:
        """Shut the network off; Raises: QueryError when a socket can be had all the same."""
        if self.kind == "descriptors":
            self._use_up_descriptors()
        try:
            socket.socket().close()
        except OSError:
            return
        raise QueryError(
            "Queries cannot be kept off the network on this system, so none is run.",
            hint="Run on Linux, or where file descriptors can be limited.",
            code="query-unfenced",
        )

    def _use_up_descriptors(self) -> None:
        lowest = os.open(os.devnull, os.O_RDONLY)
        self._fillers.append(lowest)
        highest = max(int(entry.name) for entry in Path("/dev/fd").iterdir())
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, self._usual[1]))
        try:
            while True:
                self._fillers.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return


def cap_memory(limit_bytes: int) -> None:
    """Cap this process's own data for good: an allocation beyond it ends it, without a core."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Not RLIMIT_AS: the engine's address space is mostly reserved, a gigabyte of it now and then.
    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, limit_bytes))


def _filter_calls() -> bool:
    """Refuse socket calls to this process and all its threads to come; tell whether it worked."""
    known = _CALLS.get(platform.machine())
    if sys.platform != "linux" or known is None or sys.maxsize < 2**32:
        return False
    architecture, refused = known
    program = [
        _step(_LOAD, 4),
        _step(_IF_EQUAL, architecture, 1, 0),
        _step(_RETURN, _REFUSE),
        _step(_LOAD, 0),
        _step(_IF_AT_LEAST, _X32, 0, 1),
        _step(_RETURN, _REFUSE),
    ]
    for number in refused:
        program += [_step(_IF_EQUAL, number, 0, 1), _step(_RETURN, _REFUSE)]
    program.append(_step(_RETURN, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(program))
    # struct sock_fprog: a length, padding, a pointer.
    head = ctypes.create_string_buffer(struct.pack("HP", len(program), ctypes.addressof(code)))
    system = ctypes.CDLL(None)
    if system.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(system.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, head, 0, 0) == 0)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
