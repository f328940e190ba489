"""A server may hold many file descriptors, and those of pages that were left are given back."""

import asyncio
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.memory_session_storage import MemorySessionStorage

from tests.aside import aside
from ui import frugal
from ui.frugal import let_go_of_those_who_left

ROOT = Path(__file__).parents[2]
ASK = """
import resource
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
from ui.frugal import ENOUGH, allow_many_descriptors
allow_many_descriptors()
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (min(ENOUGH, most), most))
"""


THREADS = """
import ctypes, threading
from ui.frugal import keep_memory_together
keep_memory_together()
all_there = threading.Barrier(8)
def take():
    all_there.wait()
    taken = [bytearray(3_000) for _ in range(100)]
    all_there.wait()
threads = [threading.Thread(target=take) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, out)
libc.fclose(out)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have no such places")
def test_all_threads_take_memory_from_the_same_places() -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], cwd=ROOT, capture_output=True, text=True)
    assert 1 <= done.stdout.count("<heap nr=") <= frugal.ARENAS, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_what_is_allowed_at_first_is_raised_to_what_is_allowed_at_most() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_a_session_that_was_left_ends_though_nobody_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemorySessionStorage, "save", MemorySessionStorage.save)  # put back later
    monkeypatch.setattr(frugal, "AFTER", 0.01)
    assert let_go_of_those_who_left()

    class Session:
        id = "left"
        ended = asyncio.Event()

        def shutdown(self) -> None:
            self.ended.set()

    class Info:
        session = Session()

    async def leave() -> None:
        info: Any = Info()
        MemorySessionStorage(ttl_seconds=0.01).save(info)  # type: ignore[arg-type]
        await asyncio.wait_for(Session.ended.wait(), 20)

    aside(lambda: asyncio.run(leave()))
