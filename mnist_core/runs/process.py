"""One training process as its owner sees it: a thread writes commands, another reads reports.
So a process that does not read or answer holds up nobody; it is asked to end, and then made to.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Any, Protocol

from mnist_core.paths import ROOT
from mnist_core.runs.commands import Command, Stop
from mnist_core.runs.folder import Lock
from mnist_core.runs.orphans import WORKER_MODULE, sign
from mnist_core.runs.protocol import (
    ALIVE,
    Message,
    Order,
    ProtocolError,
    command_message,
    order_message,
    read_message,
    read_report,
    write_message,
)
from mnist_core.runs.state import Report

WORKER = [sys.executable, "-m", WORKER_MODULE]
# Two BLAS threads and anything else that runs make a small product many times slower.
ONE_THREAD = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
# A process says something at least twice a second. Seconds of silence after which it is asked to
# end, told to, and made to; before its first word it may take longer, since it has to read NumPy:
# 0.4 s, and up to 4 s beside six other processes for each core.
ASKED, TOLD, MADE = 4.0, 6.0, 8.0
STARTING = 10.0  # seconds after which one that has not said a word is asked to end
SILENT = "It did not answer any more, and was ended."


class Started(Protocol):
    """What of subprocess.Popen is used: a process elsewhere can have it, too."""

    stdin: Any
    stdout: Any

    @property
    def pid(self) -> int:
        """The number that its system gave it."""
        ...

    def poll(self) -> int | None:
        """Its exit status; None before its end."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status at its end; TimeoutExpired if that takes longer."""
        ...

    def terminate(self) -> None:
        """Have it save and end."""
        ...

    def kill(self) -> None:
        """End it at once."""
        ...


def start_process(
    command: Sequence[str], *, inherited: Sequence[int] = (), apart: bool = False
) -> Started:
    """Start a process of ours with one BLAS thread, spoken to over its stdin and stdout.

    Args:
        command: what is run, and its arguments.
        inherited: open files that it holds, too, where the system has that.
        apart: whether Ctrl-C in a terminal is not for it, also while it still reads NumPy.

    OSError if the system gives no process.
    """
    posix = os.name == "posix"
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=os.environ | ONE_THREAD,
        pass_fds=inherited if posix else (),
        process_group=0 if posix and apart else None,
    )


def close(process: Started) -> int:
    """End a process at once, if it has not ended, and let go of its pipes; its exit status."""
    with suppress(OSError):
        process.kill()
    code = process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):  # of what could not be written to it
            pipe.close()
    return code


def ending(code: int) -> str:
    """An exit status in words: "signal 9", "exit status 1"."""
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def start_here(order: Order, lock: Lock, server: str) -> Started:
    """Start a training process on this machine, which then holds the lock; OSError without one."""
    # The run's id is there for people who look at a list of processes, and orphans.py.
    command = [*WORKER, Path(order.folder).name]
    process = start_process(command, inherited=(lock.descriptor,))
    sign(lock, process.pid, server)
    return process


class WorkerProcess:
    """A process that works on one run, from its start to its end, which is always told.

    `on_report` gets every report, `on_end` a sentence on how the process ended, "" if it ended of
    itself; both are called from a thread of this object, on_end once and as the last.
    """

    lost = ""  # "machine" or "cluster": what is gone, through no fault of the run

    def __init__(
        self,
        order: Order,
        lock: Lock,
        *,
        server: str,
        on_report: Callable[["WorkerProcess", Report], None],
        on_end: Callable[["WorkerProcess", str], None],
        start: Callable[[Order, Lock, str], Started] = start_here,
    ) -> None:
        """Start it for that server; OSError if the system gives no process, or no threads for it.

        The lock is the process's from now.
        """
        self._on_report, self._on_end = on_report, on_end
        self._outbox: SimpleQueue[Message | None] = SimpleQueue()
        self._heard_at = monotonic()
        self._has_spoken = False
        self._asked = self._told = False
        self._why = ""
        try:
            self._process = start(order, lock, server)
        finally:
            lock.release()
        self._outbox.put(order_message(order))
        self._threads = [
            threading.Thread(target=target, name=f"{name} {self.pid}", daemon=True)
            for name, target in (("write", self._write), ("read", self._read))
        ]
        try:
            for thread in self._threads:
                thread.start()
        except RuntimeError as error:  # the system has no more threads: nobody would hear it
            self._abandon()
            raise OSError(f"{error}") from error

    def _abandon(self) -> None:
        """End a process that has just been started, and has said nothing yet."""
        self._process.kill()
        self._process.wait()
        self._outbox.put(None)
        for thread in self._threads:
            if thread.is_alive():  # that which writes was started
                thread.join()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                stream.close()

    @property
    def pid(self) -> int:
        """The number that the system gave the process."""
        return self._process.pid

    @property
    def is_over(self) -> bool:
        """Whether its end has been told, and nothing is left to do."""
        return not any(thread.is_alive() for thread in self._threads)

    def send(self, command: Command) -> None:
        """Have a command written to the process; returns at once."""
        self._outbox.put(command_message(command))

    def end(self) -> None:
        """Ask the process to save and end: its stdin closes after what was sent before."""
        self._outbox.put(None)

    def join(self, patience: float) -> None:
        """Wait for the end; after so many seconds of silence the process is killed.

        It goes on speaking while it saves, and ends by itself if that takes too long.
        """
        begun = monotonic()
        while self._process.poll() is None:
            left = max(begun, self._heard_at) + patience - monotonic()
            if left <= 0:
                self._kill("It did not end when it was asked to.")
                break
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(left)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(patience)

    def excuse_silence(self) -> None:
        """Begin to count anew: it was we who did not listen."""
        self._heard_at = monotonic()

    def check(self) -> None:
        """Ask, tell and make the process end if it has been silent for too long."""
        silent = monotonic() - self._heard_at
        if not self._has_spoken:
            silent -= STARTING - ASKED
        if silent < ASKED:
            self._asked = self._told = False
        elif silent >= MADE:
            self._kill(SILENT)
        elif silent >= TOLD and not self._told:
            self._told = True
            self._why = SILENT
            with suppress(OSError):
                self._process.terminate()
        elif not self._asked:
            self._asked = True
            self.send(Stop("The training process did not answer for some seconds."))

    def _kill(self, why: str) -> None:
        self._why = why
        with suppress(OSError):
            self._process.kill()

    def _write(self) -> None:
        """Write what is sent until the process takes no more, or has been told everything."""
        stream = self._process.stdin
        with suppress(OSError):  # the process has ended, which the reading thread sees too
            while (message := self._outbox.get()) is not None:
                write_message(stream, message)
        with suppress(OSError):
            stream.close()

    def _read(self) -> None:
        """Hand on reports until the process ends. Whatever happens here, its end is told."""
        stream = self._process.stdout
        try:
            with stream:
                while (message := read_message(stream)) is not None:
                    self._heard_at, self._has_spoken = monotonic(), True
                    if message.header != ALIVE.header:
                        self._on_report(self, read_report(message))
        except ProtocolError:
            self._kill("What it said could not be understood.")
        except Exception as error:  # a fault of ours: the run must not look as if it went on
            self._kill(f"Its report could not be used ({error}).")
            raise
        finally:
            self._outbox.put(None)
            self._on_end(self, self._how_it_ended())

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(ASKED)
        except subprocess.TimeoutExpired:  # it has closed its stdout, but it does not end
            self._kill("It did not end when it was asked to.")
            code = self._process.wait()
        if self._why:
            return f"The training process is gone. {self._why}"
        if code == 0:
            return ""
        return f"The training process ended unexpectedly ({ending(code)})."
