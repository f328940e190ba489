"""A process on another machine that is used as one on this: it has pipes, a status, and an end.
Whoever first uses a pipe finds it a place and sends what it needs: nobody waits where it is made.
"""

import io
import math
import os
import subprocess
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

from mnist_core.files import open_plain
from mnist_core.runs.folder import Lock, RunFolder
from mnist_core.runs.mirror import File, files_of, keep
from mnist_core.runs.parcels import PIECE, files_below, sha256_of
from mnist_core.runs.protocol import ProtocolError
from mnist_core.runs.sessions import DATA

PACE = 0.1  # seconds between two looks, and two questions for news: as often as a run reports
ANSWER_WITHIN = 15.0  # seconds
USUALLY_WITHIN = 2.0  # seconds: a machine answers that there is no news after one
KILLED = "it was ended"


class Lost(OSError):
    """The machine, or the way to it, is gone; `cluster` says that it is all of them."""

    def __init__(self, why: str, *, cluster: bool = False) -> None:
        super().__init__(why)
        self.cluster = cluster


class Line(Protocol):
    """What a remote process needs of the cluster. All may be used from any thread."""

    def take_place(self, kind: str, but: Collection[str]) -> str | None:
        """A machine that has a place, which is then ours, but not one of those; None if none has
        one now.
        """
        ...

    def leave_place(self, kind: str, machine: str) -> None:
        """Give it back."""
        ...

    def ask(self, machine: str, do: str, **what: Any) -> "Future[dict[str, Any]]":
        """Have a machine do what sessions.py says; the future raises Lost."""
        ...

    def sending(self, machine: str, parcel: str) -> AbstractContextManager[object]:
        """Held while a data set is sent to a machine: others wait, and need not send it."""
        ...

    def note_sent(self, machine: str, parcel: str) -> None:
        """Remember that it was sent."""
        ...

    @property
    def pace(self) -> float:
        """Seconds, at least, between two questions for news of a process."""
        ...

    @property
    def name(self) -> str:
        """Of this server, among all that the cluster works for."""
        ...


@dataclass(frozen=True)
class Task:
    """What to start elsewhere: see sessions.py for the kinds.

    `run` is the folder here that is kept as the process keeps its own; `data` the folder or file
    here that it finds as, or in, its folder `data`.
    """

    kind: str
    arguments: tuple[str, ...]
    run: RunFolder | None = None
    data: Path | None = None


class RemoteProcess:
    """As much of subprocess.Popen as its owners use."""

    def __init__(
        self, line: Line, task: Task, *, patience: float, lock: Lock | None = None
    ) -> None:
        """`patience` is how many seconds it may wait for a place; `lock` is held to its end."""
        self.pid = 0  # there; 0 until it has been started
        self.returncode: int | None = None
        self.lost: Lost | None = None  # why nothing can be known of it any more
        self.is_opening = True
        self.stdin: io.RawIOBase = _Told(self)
        self.stdout: io.RawIOBase = _Said(self)
        self._line, self._task, self._patience = line, task, patience
        self._lock = os.dup(lock.descriptor) if lock else None
        self._machine = self._session = ""
        self._changed = threading.Condition()
        self._starting = threading.Lock()
        self._asked: set[Future[dict[str, Any]]] = set()
        self._heard_at, self._asking_since = -math.inf, math.inf

    @property
    def is_out_of_earshot(self) -> bool:
        """Whether it may have said something: it starts, or the way to it is slow."""
        return self.is_opening or monotonic() - self._asking_since > USUALLY_WITHIN

    # As a process.

    def poll(self) -> int | None:
        """Its exit status; None before its end."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status at its end; TimeoutExpired if that takes longer."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.returncode is not None, timeout):
                raise subprocess.TimeoutExpired(self._task.kind, timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def terminate(self) -> None:
        """Have it save and end; returns at once."""
        if self._session and self.returncode is None:
            self._line.ask(self._machine, "end", session=self._session, kill=False)

    def kill(self) -> None:
        """End it, and wait for nothing that it or its machine may still say."""
        self._end(-9)

    # What its pipes ask for.

    def tell(self, content: bytes | None) -> None:
        """Write to its stdin, or close that; BrokenPipeError if it has ended."""
        self._get_ready()
        if self.returncode is not None:
            raise BrokenPipeError
        self._ask("tell", session=self._session, content=content)

    def hear(self) -> Iterator[bytes]:
        """Wait for what it says next; nothing at its end. What it saved before is kept first."""
        self._get_ready()
        if self.returncode is not None:
            return
        try:
            sleep(max(0.0, self._heard_at + self._line.pace - monotonic()))
            self._asking_since = monotonic()
            answer = self._ask("hear", session=self._session)
            self._heard_at, self._asking_since = monotonic(), math.inf
            for name, content in answer["parts"]:
                if not name:
                    yield content
                elif self._task.run is not None:
                    keep(self._task.run, File(name, content))
            if answer["code"] is not None:
                self._session = ""  # it has been forgotten there
                self._end(answer["code"])
        except Lost as error:
            self._lose(error)
        except ProtocolError:
            raise
        except (KeyError, TypeError, ValueError) as error:  # an answer that is none of ours
            raise ProtocolError(f"an answer can't be read: {error}") from error

    def _get_ready(self) -> None:
        """Have it started, or its start given up: by whoever comes first, the others wait."""
        with self._starting:
            if self.is_opening:
                try:
                    self._open()
                except Lost as error:
                    self._lose(error)

    def _lose(self, error: Lost) -> None:
        if self.returncode is None:  # else it was killed from here
            self.lost = error
            self._end(-1)

    def _open(self) -> None:
        """Find a place, send what is needed, start it."""
        deadline = monotonic() + self._patience
        refusing: set[str] = set()  # machines that had no place after all
        while not self._session:
            machine = self._line.take_place(self._task.kind, refusing)
            if machine:
                self._machine = machine
                self._session = self._session_on(machine)
                if not self._session:
                    self._leave_place()
                    refusing.add(machine)
            elif monotonic() > deadline:
                raise Lost("no machine of the cluster has a place now", cluster=True)
            else:
                refusing.clear()
                with self._changed:
                    self._changed.wait_for(lambda: self.returncode is not None, PACE)
            if self.returncode is not None:  # it was killed meanwhile
                self._leave_place()
                raise Lost(KILLED)
        task, run = self._task, self._task.run
        if run:
            self._put(f"{run.path.name}/about", b"")  # a new run has no file, but needs its folder
            for file in files_of(run):
                self._put(f"{run.path.name}/{file.name}", file.content or b"")
        parcel = self._send_data() if task.data else ""
        self.pid = self._ask(
            "start", session=self._session, arguments=task.arguments, parcel=parcel,
            run=run.path.name if run else "",
        ).get("pid", 0)  # fmt: skip
        with self._changed:
            self.is_opening = False
            self._changed.notify_all()

    def _session_on(self, machine: str) -> str:
        """A session on a machine; "" if it has no place after all, or is gone."""
        try:
            answer = self._ask("open", kind=self._task.kind, server=self._line.name)
        except Lost as error:
            if error.cluster:
                raise
            return ""
        return answer.get("session", "")

    def _send_data(self) -> str:
        """Send the data set, unless the machine has it; its SHA-256."""
        assert self._task.data is not None
        try:
            files = files_below(self._task.data)
            parcel = sha256_of(files)
        except OSError as error:
            raise Lost(str(error)) from error
        with self._line.sending(self._machine, parcel):
            if not self._ask("has", session=self._session, parcel=parcel).get("has"):
                for name, path in files.items():
                    with open_plain(path) as file:
                        self._put(f"{DATA}/{name}", b"")
                        while piece := file.read(PIECE):
                            self._put(f"{DATA}/{name}", piece)
                self._ask("keep", session=self._session, parcel=parcel)
                self._line.note_sent(self._machine, parcel)
        return parcel

    def _put(self, name: str, content: bytes) -> None:
        for start in range(0, max(1, len(content)), PIECE):
            piece = content[start : start + PIECE]
            self._ask("put", session=self._session, name=name, content=piece)

    def _ask(self, do: str, **what: Any) -> dict[str, Any]:
        future = self._line.ask(self._machine, do, **what)
        with self._changed:
            self._asked.add(future)
            if self.returncode is not None:
                future.cancel()
        try:
            answer = future.result(ANSWER_WITHIN)
        except CancelledError as error:
            raise Lost(KILLED) from error
        except TimeoutError as error:
            future.cancel()
            raise Lost("it does not answer") from error
        finally:
            with self._changed:
                self._asked.discard(future)
        if "error" in answer:
            raise Lost(answer["error"])
        return answer

    def _end(self, code: int) -> None:
        with self._changed:
            if self.returncode is not None:
                return
            self.returncode, self.is_opening = code, False
            for future in self._asked:
                future.cancel()
            self._changed.notify_all()
        if self._session:
            self._line.ask(self._machine, "end", session=self._session, kill=True)
        self._leave_place()
        if self._lock is not None:
            os.close(self._lock)

    def _leave_place(self) -> None:
        with self._changed:
            machine, self._machine = self._machine, ""
        if machine:
            self._line.leave_place(self._task.kind, machine)


class _Told(io.RawIOBase):
    """The stdin of a remote process: what is written travels when it is flushed."""

    def __init__(self, process: RemoteProcess) -> None:
        self._process, self._parts = process, list[bytes]()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._parts.append(bytes(content))
        return len(self._parts[-1])

    def flush(self) -> None:
        if self._parts:
            content = b"".join(self._parts)
            self._parts = []
            self._process.tell(content)

    def close(self) -> None:
        if not self.closed:
            with suppress(OSError):
                super().close()
            self._process.tell(None)


class _Said(io.RawIOBase):
    """The stdout of a remote process."""

    def __init__(self, process: RemoteProcess) -> None:
        self._process, self._left = process, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left and self._process.poll() is None:
            self._left = memoryview(b"".join(self._process.hear()))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
