"""Slows down who sends more than a hand can: what costs is carried out for the last message alone.

Every session has a bucket of messages and one of bytes, which fill again by themselves. Whoever
draws, types or moves a slider as fast as it goes stays far above the bottom.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from time import monotonic
from weakref import WeakKeyDictionary

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import get_script_run_ctx

MESSAGES_A_SECOND, MOST_MESSAGES = 30.0, 200.0  # a slider sends 20 a second while it moves
BYTES_A_SECOND, MOST_BYTES = 2e6, 16e6  # a pasted picture has up to 2.8 MB
SENTENCE = (
    "This page has sent more than the server takes from one page, so some of it was left out. "
    "What was asked for last is done."
)


@dataclass
class Bucket:
    """So many at once, and so many a second; `now` gives seconds."""

    rate: float
    most: float
    now: Callable[[], float] = monotonic
    level: float = field(init=False)
    looked_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level, self.looked_at = self.most, self.now()

    def take(self, amount: float) -> bool:
        """Take as much out of the bucket; False, and nothing is taken, if there is not enough."""
        if self.seconds_until(amount) > 0:
            return False
        self.level -= amount
        return True

    def seconds_until(self, amount: float) -> float:
        """How long it takes until there is as much in it, or until it is full; 0 if there is."""
        now = self.now()
        self.level = min(self.most, self.level + self.rate * (now - self.looked_at))
        self.looked_at = now
        return max(0.0, (min(amount, self.most) - self.level) / self.rate)


@dataclass
class Pace:
    """What a session may still send, and its message that waits until it may again."""

    messages: Bucket = field(default_factory=lambda: Bucket(MESSAGES_A_SECOND, MOST_MESSAGES))
    bytes: Bucket = field(default_factory=lambda: Bucket(BYTES_A_SECOND, MOST_BYTES))
    waiting: BackMsg | None = None

    def takes(self, size: int) -> bool:
        """Whether a message of so many bytes may be carried out now."""
        wait = self.seconds_until(size)
        return wait == 0 and self.messages.take(1) and self.bytes.take(min(size, MOST_BYTES))

    def seconds_until(self, size: int) -> float:
        """How long such a message has to wait."""
        return max(self.messages.seconds_until(1), self.bytes.seconds_until(size))


_paces: "WeakKeyDictionary[AppSession, Pace]" = WeakKeyDictionary()
_slowed: set[str] = set()  # sessions that have not been told yet


def slow_down_floods() -> None:
    """Stand in front of Streamlit's taking of messages."""
    original = AppSession.handle_backmsg

    @wraps(original)
    def handle_backmsg(self: AppSession, msg: BackMsg) -> None:
        pace, size = _paces.setdefault(self, Pace()), msg.ByteSize()
        if pace.waiting is None and pace.takes(size):
            original(self, msg)
            return
        if msg.WhichOneof("type") != "rerun_script":
            return
        if pace.waiting is None:
            wait = pace.seconds_until(size)
            asyncio.get_running_loop().call_later(wait, carry_out_the_last, self, pace)
        pace.waiting = msg

    def carry_out_the_last(self: AppSession, pace: Pace) -> None:
        msg, pace.waiting = pace.waiting, None
        if msg is None:
            return
        pace.takes(msg.ByteSize())
        _slowed.add(self.id)
        msg.rerun_script.fragment_id = ""  # the whole page, which says so
        original(self, msg)

    AppSession.handle_backmsg = handle_backmsg


def what_was_left_out() -> str:
    """A sentence for a session that was slowed down, once; "" for any other."""
    context = get_script_run_ctx()
    if context is None or context.session_id not in _slowed:
        return ""
    _slowed.discard(context.session_id)
    return SENTENCE
