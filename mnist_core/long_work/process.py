"""The process that does a server's long work, as the server sees it: started when there is
something to do, started again when it has died or stands still, and ended when there has been
nothing for a while.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from itertools import count
from weakref import WeakSet

from mnist_core.data.mnist import Dataset
from mnist_core.long_work.work import (
    Failure,
    Order,
    Result,
    Work,
    begun,
    order_message,
    read_answer,
)
from mnist_core.runs.process import Started, close, ending, start_process
from mnist_core.runs.protocol import ALIVE, Message, ProtocolError, read_message, write_message

WORKER = [sys.executable, "-m", "mnist_core.long_work.worker"]
STARTS = 2  # of work whose process dies: the second time it is given up
LOOK_EVERY = 0.25  # seconds between looks at a process that works
STARTING = 30.0  # seconds after which one that has not begun is ended: it has to read NumPy first
# Seconds without a word after which one that works is ended. It says one twice a second, but the
# processor may be in great demand.
PATIENCE = 20.0
LONGEST = 300.0  # seconds for one result, which takes a second or two as a rule

log = logging.getLogger(__name__)


class WorkFailed(Exception):
    """Why there is no result, in a sentence without its full stop."""


class WorkProcess:
    """One process for all work of a server, which is done by one result at a time.

    Args:
        data: MNIST, of which no array is sent.
        niceness: how much the process makes way for others, up to 19.
        patience: seconds without a word from it, while it works, after which it is ended.
        longest: seconds after which it is ended over one result, even if it speaks.

    All but `begin` is for one thread at a time.
    """

    def __init__(
        self,
        data: Dataset,
        niceness: int,
        *,
        patience: float = PATIENCE,
        longest: float = LONGEST,
    ) -> None:
        self._data, self._niceness = data, niceness
        self._patience, self._longest = patience, longest
        self._process: Started | None = None
        self._known: WeakSet[_Begun] = WeakSet()  # to the process
        self._numbers = count()

    def begin(self, work: Work) -> Iterator[Result]:
        """The results of work, each worked out when it is asked for, in one thread.

        Nothing is lost when the process ends in the meantime: another one goes on with the next
        result. Where none can be started, the thread itself goes on. WorkFailed if something goes
        wrong in the work, or if the process dies or stands still over it again and again.
        """
        return _Begun(self, work, next(self._numbers))

    def rest(self) -> None:
        """End the process, so that it holds no memory, until there is something to do."""
        if self._process is not None:
            close(self._process)
            self._process = None

    def next_of(self, one: "_Begun") -> Result | None:
        """The next result, None at the end; OSError without a process, WorkFailed as `begin`."""
        while one.deaths < STARTS:
            process = self._running()
            message = self._order(one)
            watch = _Watch(process, self._patience, self._longest)
            try:
                with watch:
                    return self._answer(process, message, watch)
            except (OSError, EOFError, ProtocolError):
                one.deaths += 1
                one.stood_still = watch.has_ended_it
                how = "stood still" if one.stood_still else "has died"
                log.warning("the process of long work %s (%s)", how, ending(close(process)))
                self._process = None
        if one.stood_still:
            raise WorkFailed("the process that worked it out stood still, twice, and was ended")
        raise WorkFailed(
            "the process that worked it out was ended by the system, twice; there may not be "
            "enough memory for it now"
        )

    def _running(self) -> Started:
        """The process; OSError if there is none and none can be started."""
        if self._process is not None and self._process.poll() is not None:
            self.rest()  # it has died while it had nothing to do
        if self._process is None:
            process = start_process([*WORKER, str(self._niceness)], apart=True)
            try:
                with _Watch(process, STARTING, STARTING):
                    alive = read_message(process.stdout) is not None
            except ProtocolError:
                alive = False
            if not alive:
                raise OSError(f"it did not begin: {ending(close(process))}")
            self._process, self._known = process, WeakSet()
        return self._process

    def _order(self, one: "_Begun") -> Message:
        """The order of its next result, with the work if the process does not know that."""
        numbers = frozenset(known.number for known in self._known) | {one.number}
        if one in self._known:
            return order_message(Order(one.number, numbers), self._data)
        message = order_message(Order(one.number, numbers, one.work, one.done), self._data)
        self._known.add(one)
        return message

    @staticmethod
    def _answer(process: Started, message: Message, watch: "_Watch") -> Result | None:
        write_message(process.stdin, message)
        while (heard := read_message(process.stdout)) is not None and heard.header == ALIVE.header:
            watch.hear()
        if heard is None:
            raise EOFError
        answer = read_answer(heard)
        if isinstance(answer, Failure):
            failed = WorkFailed(answer.problem)
            failed.add_note(answer.trace)
            raise failed
        return answer


class _Watch(AbstractContextManager["_Watch"]):
    """Ends a process that stands still while something is due from it: one that was stopped, or
    waits for what never comes. Whoever writes to it or reads from it then sees its end.
    """

    def __init__(self, process: Started, patience: float, longest: float) -> None:
        self.has_ended_it = False
        self._process, self._patience, self._longest = process, patience, longest
        self._heard, self._over = threading.Event(), threading.Event()

    def __enter__(self) -> "_Watch":
        threading.Thread(target=self._look, name="watch", daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()

    def hear(self) -> None:
        """The process has said something."""
        self._heard.set()

    def _look(self) -> None:
        silent = worked = 0.0
        # Looks are counted, not seconds by the clock: if this process stood still itself, or the
        # whole machine, it is not the other one's fault.
        while not self._over.wait(LOOK_EVERY):
            worked += LOOK_EVERY
            silent = 0.0 if self._heard.is_set() else silent + LOOK_EVERY
            self._heard.clear()
            if silent >= self._patience or worked >= self._longest:
                self.has_ended_it = True
                with suppress(OSError):
                    self._process.kill()
                return


class _Begun(Iterator[Result]):
    """Work that the process may know: it forgets it when nobody has this any more."""

    def __init__(self, process: WorkProcess, work: Work, number: int) -> None:
        self.work, self.number = work, number
        self.done = self.deaths = 0
        self.stood_still = False  # its process, when that ended last
        self._process = process
        self._here: Iterator[Result] | None = None  # where no process could be started

    def __next__(self) -> Result:
        if self._here is None:
            try:
                result = self._process.next_of(self)
            except OSError as error:
                log.warning("no process for long work (%s): the server does it itself", error)
                self._here = begun(self.work, self.done)
            else:
                if result is None:
                    raise StopIteration
                self.done += 1
                return result
        return next(self._here)
