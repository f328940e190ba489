"""What a machine of a cluster does for servers: each session is a process that trains for one.
The process is the one that a server would start itself; here its pipes and files are handed on.
"""

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import IO, Any

from mnist_core.data.mnist import load_mnist
from mnist_core.data.shared import write_shared
from mnist_core.paths import ROOT
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.mirror import Changes
from mnist_core.runs.orphans import WORKER_MODULE
from mnist_core.runs.parcels import files_below, sha256_of
from mnist_core.runs.process import ONE_THREAD
from mnist_core.runs.protocol import ALIVE, Message, ProtocolError, packed, read_message

# What a session may start, by its kind. Those of a kind have as many places as there are threads.
MODULES = {"runs": WORKER_MODULE, "experiments": "mnist_core.experiments.worker"}
DATA = "data"  # the folder of a session's data set
UNHEARD = 10.0  # seconds after which a server that asks for nothing is taken for dead
WAIT = 1.0  # seconds that an answer may wait for news
ROOM = 64 * 2**20  # bytes of the disk without which no further process is started
MOST_AT_ONCE = 32 * 2**20  # bytes in an answer
MOST_WAITING = 64 * 2**20  # bytes that wait for the server; then the process waits, too

Part = tuple[str, bytes | None]  # a file of the run by its name; under "" what the process said


class Sessions:
    """The sessions of one machine. All of it is used by the machine's event loop."""

    def __init__(self, folder: Path, threads: int) -> None:
        self._folder, self._threads = folder, threads
        self._sessions: dict[str, Session] = {}
        self._making, self._has_mnist = asyncio.Lock(), False
        self._parcels = folder / "parcels"
        self._parcels.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tidying = asyncio.create_task(self._tidy())

    async def handle(self, do: str, **what: Any) -> dict[str, Any]:
        """Answer a server. What can't be done is said under "error"."""
        try:
            return await getattr(self, f"do_{do}")(**what)
        except KeyError:
            return {"error": "there is no such session"}
        except OSError as error:
            return {"error": str(error)}

    def close(self) -> None:
        """End every process."""
        self._tidying.cancel()
        for session in self._sessions.values():
            session.close()

    async def do_load(self) -> dict[str, Any]:
        """How many processes may work, and how many do, by kind and server.

        A machine whose disk is nearly full has no place for a further one.
        """
        used = {kind: dict[str, int]() for kind in MODULES}
        for session in self._sessions.values():
            used[session.kind][session.server] = used[session.kind].get(session.server, 0) + 1
        has_room = shutil.disk_usage(self._folder).free >= ROOM
        return {"threads": self._threads if has_room else 0, "used": used}

    async def do_open(self, kind: str, server: str) -> dict[str, Any]:
        """A new session, if there is a place."""
        used = Counter(session.kind for session in self._sessions.values())
        if used[kind] >= self._threads:
            return {"full": True}
        id = secrets.token_hex(8)
        folder = self._folder / id
        folder.mkdir(mode=0o700)
        self._sessions[id] = Session(kind, server, folder)
        return {"session": id}

    async def do_put(self, session: str, name: str, content: bytes) -> dict[str, Any]:
        """Write a file, or its next piece, before the process starts."""
        path = self._sessions[session].path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, "ab") as file:
            file.write(content)
        return {}

    async def do_has(self, session: str, parcel: str) -> dict[str, Any]:
        """Whether a data set is here. MNIST as experiments share it is made of our own files."""
        if self._sessions[session].kind == "experiments":
            async with self._making:
                if not self._has_mnist:
                    await asyncio.to_thread(self._make_mnist)
                self._has_mnist = True
        self._sessions[session].heard_at = monotonic()
        return {"has": (self._parcels / parcel).exists()}

    async def do_keep(self, session: str, parcel: str) -> dict[str, Any]:
        """Keep the data that a session was given, for all that come after it."""
        if not (self._parcels / parcel).exists():
            _link(self._sessions[session].folder / DATA, self._parcels / parcel)
        return {}

    async def do_start(
        self, session: str, arguments: list[str], run: str, parcel: str
    ) -> dict[str, Any]:
        """Start the process; `run` is the folder whose changes are told, "" for none."""
        one = self._sessions[session]
        if parcel and not (one.folder / DATA).exists():
            _link(self._parcels / parcel, one.folder / DATA)
        one.start(list(arguments), run)
        return {"pid": one.pid}

    async def do_tell(self, session: str, content: bytes | None) -> dict[str, Any]:
        """Write to the process; None closes its stdin."""
        self._sessions[session].tell(content)
        return {}

    async def do_hear(self, session: str) -> dict[str, Any]:
        """What the process has said and saved since the last answer; its exit status at the end."""
        one = self._sessions[session]
        parts, code = await one.hear()
        if code is not None:
            await self.do_end(session, kill=True)
        return {"parts": parts, "code": code}

    async def do_end(self, session: str, kill: bool) -> dict[str, Any]:
        """Have the process save and end, or end it at once and forget it."""
        one = self._sessions[session]
        if kill:
            del self._sessions[session]
            one.close()
        else:
            one.terminate()
        return {}

    def _make_mnist(self) -> None:
        making = self._folder / f"mnist-{secrets.token_hex(4)}"
        making.mkdir(mode=0o700)
        write_shared(load_mnist(), making)
        making.rename(self._parcels / sha256_of(files_below(making)))

    async def _tidy(self) -> None:
        """End what is for a server that is gone. Its files are of no use to anybody."""
        while True:
            await asyncio.sleep(WAIT)
            for id, session in list(self._sessions.items()):
                if monotonic() - session.heard_at > UNHEARD:
                    del self._sessions[id]
                    session.close()


class Session:
    """One process with its folder, and what it has said and nobody has heard yet."""

    def __init__(self, kind: str, server: str, folder: Path) -> None:
        self.kind, self.server, self.folder = kind, server, folder
        self.heard_at = monotonic()
        self._process: subprocess.Popen[bytes] | None = None
        self._told: SimpleQueue[bytes | None] = SimpleQueue()
        self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()
        self._room = threading.Condition()  # over the four below
        self._parts: list[Part] = []
        self._waiting = 0  # bytes
        self._code: int | None = None
        self._closed = False

    @property
    def pid(self) -> int:
        """Of the process; 0 before it is started."""
        return self._process.pid if self._process else 0

    def path(self, name: str) -> Path:
        """Where a file of the session lies; OSError for one that would lie elsewhere."""
        path = self.folder / name
        if ".." in path.parts or not path.is_relative_to(self.folder):
            raise OSError(f"{name} is not in the session's folder")
        return path

    def start(self, arguments: list[str], run: str) -> None:
        """Start the process, in the session's folder; OSError if the system gives none."""
        python_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            # -P: nothing is imported from the folder, which holds what others have sent.
            [sys.executable, "-P", "-m", MODULES[self.kind], *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.folder,
            env=os.environ | ONE_THREAD | {"PYTHONPATH": python_path},
        )
        changes = Changes(RunFolder(self.path(run)), known=True) if run else None
        threading.Thread(target=self._write, args=(self._process,), daemon=True).start()
        threading.Thread(target=self._read, args=(self._process, changes), daemon=True).start()

    def tell(self, content: bytes | None) -> None:
        """Have something written to the process."""
        self._told.put(content)

    async def hear(self) -> tuple[list[Part], int | None]:
        """What there is to tell, after a while even if it is nothing; the exit status as last."""
        self.heard_at = monotonic()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), WAIT)
        self.heard_at = monotonic()
        with self._room:
            number = size = 0
            while number < len(self._parts) and size < MOST_AT_ONCE:
                size += len(self._parts[number][1] or b"")
                number += 1
            parts, self._parts = self._parts[:number], self._parts[number:]
            self._waiting -= size
            code = None if self._parts else self._code
            if not self._parts and code is None:
                self._news.clear()
            self._room.notify_all()
        return parts, code

    def terminate(self) -> None:
        """Have the process save and end."""
        if self._process:
            self._process.terminate()

    def close(self) -> None:
        """Let the process end; what it saves from now on goes with its folder."""
        with self._room:
            self._closed = True
            self._room.notify_all()
        self._told.put(None)
        if self._process:
            self._process.kill()
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _write(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        with suppress(OSError):
            while (content := self._told.get()) is not None:
                process.stdin.write(content)
                process.stdin.flush()
        with suppress(OSError):
            process.stdin.close()

    def _read(self, process: subprocess.Popen[bytes], changes: Changes | None) -> None:
        """Note what the process says, each time after the files that it has saved before."""
        assert process.stdout is not None
        with process.stdout as stream, suppress(ProtocolError):
            while (message := self._next_message(stream)) is not None:
                if message.header != ALIVE.header:
                    self._note_files(changes)
                self._note("", packed(message))
        self._told.put(None)
        code = process.wait()
        self._note_files(changes)
        with self._room:
            self._code = code
        self._wake()
        with self._room:
            self._room.wait_for(lambda: self._closed)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _next_message(self, stream: IO[bytes]) -> Message | None:
        """Read when the one before was heard: so a process reports no more often than that."""
        with self._room:
            self._room.wait_for(lambda: self._closed or not self._parts)
        return read_message(stream)

    def _note_files(self, changes: Changes | None) -> None:
        for file in changes.look() if changes else ():
            self._note(file.name, file.content)

    def _note(self, name: str, content: bytes | None) -> None:
        with self._room:
            self._room.wait_for(lambda: self._closed or self._waiting < MOST_WAITING)
            self._parts.append((name, content))
            self._waiting += len(content or b"")
        self._wake()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the machine is about to leave the cluster
            self._loop.call_soon_threadsafe(self._news.set)


def _link(source: Path, target: Path) -> None:
    """A second name for every file of a folder; the bytes stay until the last is removed."""
    making = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    shutil.copytree(source, making, copy_function=os.link)
    try:
        making.rename(target)
    except OSError:  # another session was quicker
        shutil.rmtree(making, ignore_errors=True)
