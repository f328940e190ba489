"""The process that does a server's long work, as the server sees it: started when there is
something to do, started again when it has died, and ended when there has been nothing for a while.
"""

import logging
import sys
from collections.abc import Iterator
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
from mnist_core.runs.protocol import Message, ProtocolError, read_message, write_message

WORKER = [sys.executable, "-m", "mnist_core.long_work.worker"]
STARTS = 2  # of work whose process dies: the second time it is given up

log = logging.getLogger(__name__)


class WorkFailed(Exception):
    """Why there is no result, in a sentence without its full stop."""


class WorkProcess:
    """One process for all work of a server, which is done by one result at a time.

    Args:
        data: MNIST, of which no array is sent.
        niceness: how much the process makes way for others, up to 19.

    All but `begin` is for one thread at a time.
    """

    def __init__(self, data: Dataset, niceness: int) -> None:
        self._data, self._niceness = data, niceness
        self._process: Started | None = None
        self._known: WeakSet[_Begun] = WeakSet()  # to the process
        self._numbers = count()

    def begin(self, work: Work) -> Iterator[Result]:
        """The results of work, each worked out when it is asked for, in one thread.

        Nothing is lost when the process ends in the meantime: another one goes on with the next
        result. Where none can be started, the thread itself goes on. WorkFailed if something goes
        wrong in the work, or if the process dies over it again and again.
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
            try:
                return self._answer(process, message)
            except (OSError, EOFError, ProtocolError):
                one.deaths += 1
                log.warning("the process of long work has died (%s)", ending(close(process)))
                self._process = None
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
                alive = read_message(process.stdout) is not None
            except ProtocolError:
                alive = False
            if not alive:
                raise OSError(f"it ended at once: {ending(close(process))}")
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
    def _answer(process: Started, message: Message) -> Result | None:
        write_message(process.stdin, message)
        heard = read_message(process.stdout)
        if heard is None:
            raise EOFError
        answer = read_answer(heard)
        if isinstance(answer, Failure):
            failed = WorkFailed(answer.problem)
            failed.add_note(answer.trace)
            raise failed
        return answer


class _Begun(Iterator[Result]):
    """Work that the process may know: it forgets it when nobody has this any more."""

    def __init__(self, process: WorkProcess, work: Work, number: int) -> None:
        self.work, self.number = work, number
        self.done = self.deaths = 0
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
