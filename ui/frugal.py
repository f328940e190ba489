"""Has a server hold no more of the system's memory and file descriptors than it needs.

Streamlit takes four descriptors for each open page: three for an event loop, one for its
connection. Many systems allow 1,024 at first, so that the 250th page would be the last. A page that
was left is kept for two minutes, in case that its browser comes back; but then Streamlit lets go of
it only when somebody else comes or leaves.
"""

import asyncio
import ctypes
from contextlib import suppress
from functools import wraps
from typing import Any

from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.session_manager import SessionInfo

ENOUGH = 65_536
M_ARENA_MAX, ARENAS = -8, 2  # a setting of the GNU C library, which knows no other name for it
AFTER = 1.0  # seconds after its time: the clocks need not agree


def allow_many_descriptors() -> None:
    """Raise what the system allows at first to what it allows at most; Windows has no limit."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = ENOUGH if most == resource.RLIM_INFINITY else min(ENOUGH, most)
        if now != resource.RLIM_INFINITY and now < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def keep_memory_together() -> None:
    """Have all threads take memory from the same places, where what one has freed serves another.

    The GNU C library gives up to eight places for each core to threads, and each rerun of a page is
    a thread of its own. Other libraries have no such places.
    """
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def let_go_of_those_who_left() -> bool:
    """End each kept session when its time is over; to be called once in a server.

    False where this version of Streamlit is made otherwise.
    """
    original = getattr(MemorySessionStorage, "save", None)
    if not callable(original):
        return False

    @wraps(original)
    def save(self: MemorySessionStorage, session_info: SessionInfo) -> None:
        original(self, session_info)
        kept: Any = getattr(self, "_cache", None)  # a dictionary whose entries have a time to live
        with suppress(AttributeError, RuntimeError):  # RuntimeError: no event loop
            asyncio.get_running_loop().call_later(kept.ttl + AFTER, end_expired, kept)

    MemorySessionStorage.save = save
    return True


def end_expired(kept: Any) -> None:
    """Take the sessions whose time is over out of those that are kept, and shut them down."""
    for _, info in kept.expire() or ():
        info.session.shutdown()
