"""A cluster of machines that train, reached through the scheduler of Dask's `distributed`.
The only room that knows Dask: it finds the machines, and carries questions to sessions.py.

The scheduler carries bytes and plain values in both directions. Nothing that a machine sends is
unpickled here: a Client would do so with every result and error, so there is none, but a plain
connection that leaves whatever is pickled as it is.
"""

import asyncio
import hashlib
import logging
import threading
from collections import Counter, defaultdict
from collections.abc import Collection
from concurrent.futures import Future
from contextlib import suppress
from functools import cache
from pathlib import Path
from secrets import token_hex
from time import monotonic
from typing import Any, cast

import numpy as np
from distributed import Security, Worker, WorkerPlugin
from distributed.core import ConnectionPool
from distributed.protocol.pickle import dumps

from mnist_core.paths import ROOT
from mnist_core.runs.remote import PACE, Lost
from mnist_core.runs.sessions import Sessions
from mnist_core.runs.status import ALL_TAKEN, NO_ANSWER, NO_MACHINE, NO_ROOM, OTHER_VERSION, Problem

QUESTION = "digit_lab"  # what the scheduler calls our questions
LOOK_EVERY = 1.0  # seconds between two looks at which machines there are
MOST_NEWS = 100  # a second, of all processes: each takes 1 to 1.4 ms of the server's lock
ANSWER_WITHIN = 5.0  # seconds for the scheduler
LOAD_WITHIN = 2.0  # seconds for a machine to tell its places; until it has, it is not used

log = logging.getLogger(__name__)


@cache
def version() -> str:
    """Of program and NumPy: machines with another one are not used, since numbers might differ."""
    total = hashlib.sha256(np.__version__.encode())
    for path in sorted((ROOT / "mnist_core").rglob("*.py")):
        total.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


class Taught(Lost):
    """The machine did not know our questions; it does now, if it has this program."""


class Bridge(WorkerPlugin):
    """Has a machine of the cluster answer our questions."""

    def setup(self, worker: Worker) -> None:
        """Called once on each machine."""
        if QUESTION in worker.handlers:  # for another server
            return
        folder = Path(worker.local_directory) / "digit-lab"
        self._sessions = Sessions(folder, worker.state.nthreads)

        async def answer(**what: Any) -> dict[str, Any]:
            return {"version": version()} | await self._sessions.handle(**what)

        worker.handlers[QUESTION] = answer

    def teardown(self, worker: Worker) -> None:
        """Called when a machine leaves the cluster."""
        if sessions := getattr(self, "_sessions", None):
            sessions.close()


class Cluster:
    """The machines behind a scheduler, as one server sees them. It is safe to use from any thread.

    Nothing waits here but its own thread. Close it when done.
    """

    def __init__(self, address: str) -> None:
        """`address` is the scheduler's, as tcp://host:port."""
        self.address = address
        self.name = token_hex(8)
        detail = f"The cluster's scheduler at {address} has not answered yet."
        self.problem: Problem | None = Problem(NO_ANSWER, detail, monotonic())
        self._logged = ""  # what was said of it last
        self.sent: Counter[tuple[str, str]] = Counter()  # times, by machine and data set
        self._lock = threading.Lock()  # over the three below
        self._threads: dict[str, int] = {}  # by machine
        self._others: dict[str, Counter[str]] = {}  # places that other servers use, by kind
        self._ours: dict[str, Counter[str]] = defaultdict(Counter)
        self._sending: dict[tuple[str, str], threading.Lock] = defaultdict(threading.Lock)
        # Both are the loop's own: questions, and those for the places of a machine.
        self._asked: dict[str, set[asyncio.Future[Any]]] = defaultdict(set)
        self._loading: dict[str, asyncio.Task[dict[str, Any] | None]] = {}
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the scheduler."""
        with suppress(RuntimeError):  # closed already
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def places(self, kind: str) -> int:
        """How many processes of a kind we may have at a time: threads that no other server uses."""
        with self._lock:
            return sum(
                max(0, threads - self._others[machine][kind])
                for machine, threads in self._threads.items()
            )

    def why_no_place(self) -> Problem:
        """Why there is none."""
        taken = f"Other servers have all places of the cluster at {self.address}."
        return self.problem or Problem(ALL_TAKEN, taken, monotonic())

    # For remote.py.

    @property
    def pace(self) -> float:
        """Seconds between two questions for news of a process: the more of them, the longer."""
        with self._lock:
            return max(PACE, sum(kinds.total() for kinds in self._ours.values()) / MOST_NEWS)

    def take_place(self, kind: str, but: Collection[str] = ()) -> str | None:
        """The machine with the most places left, but none of those; None if none has one."""
        with self._lock:
            left = {
                machine: threads - self._others[machine][kind] - self._ours[machine][kind]
                for machine, threads in self._threads.items()
                if machine not in but
            }
            machine = max(left, key=left.__getitem__, default=None)
            if machine is None or left[machine] <= 0:
                return None
            self._ours[machine][kind] += 1
            return machine

    def leave_place(self, kind: str, machine: str) -> None:
        """Give a place back."""
        with self._lock:
            self._ours[machine][kind] -= 1

    def sending(self, machine: str, parcel: str) -> threading.Lock:
        """Held while a data set is sent to a machine."""
        with self._lock:
            return self._sending[machine, parcel]

    def note_sent(self, machine: str, parcel: str) -> None:
        """Count a data set that was sent."""
        self.sent[machine, parcel] += 1

    def ask(self, machine: str, do: str, **what: Any) -> "Future[dict[str, Any]]":
        """Have a machine do something; the future raises Lost if nobody answers."""
        question = self._ask(machine, do=do, **what)
        try:
            return asyncio.run_coroutine_threadsafe(question, self._loop)
        except RuntimeError:  # closed
            question.close()
            future: Future[dict[str, Any]] = Future()
            future.set_exception(Lost("this server is about to end", cluster=True))
            return future

    async def _ask(self, machine: str, **what: Any) -> dict[str, Any]:
        question = asyncio.ensure_future(
            self._rpc(self.address).proxy(worker=machine, msg={"op": QUESTION, **what})
        )
        self._asked[machine].add(question)
        try:
            answer = await question
        except (OSError, TimeoutError) as error:
            if await self._answers():  # it hangs up when the machine does
                self._set_aside(machine)
                raise Lost("it does not answer") from error
            self._note({}, NO_ANSWER, _unreachable(error))  # until a look finds it again
            raise Lost("the cluster's scheduler does not answer", cluster=True) from error
        except asyncio.CancelledError:
            if question not in self._asked[machine]:
                raise Lost("it has left the cluster") from None
            question.cancel()
            raise
        except Exception as error:  # what the scheduler says of the machine, in words
            self._set_aside(machine)
            raise Lost(str(error)) from error
        finally:
            self._asked[machine].discard(question)
        if answer is None:  # what Dask says to a question that is new to it
            await self._teach(machine)
            raise Taught("it has just been told what this program asks")
        if not isinstance(answer, dict):
            raise Lost("its answer can't be understood")
        return answer

    async def _answers(self) -> bool:
        """Whether the scheduler does."""
        with suppress(Exception):  # whatever it is, it is no answer
            await asyncio.wait_for(self._rpc(self.address).identity(), ANSWER_WITHIN)
            return True
        return False

    def _set_aside(self, machine: str) -> None:
        """Start nothing on a machine until the next look."""
        with self._lock:
            self._threads.pop(machine, None)

    def _drop(self, machine: str) -> None:
        """Wait no longer for the answers of a machine that has left: Dask tries for 30 s."""
        for question in self._asked.pop(machine):
            question.cancel()

    # The thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._follow())
        finally:
            self._loop.close()

    async def _follow(self) -> None:
        """Look at the cluster until it is closed."""
        arguments = Security().get_connection_args("client")
        async with ConnectionPool(
            deserialize=False, connection_args=arguments, timeout=ANSWER_WITHIN
        ) as self._rpc:
            closing = asyncio.create_task(self._closing.wait())
            while not closing.done():
                look = asyncio.create_task(asyncio.wait_for(self._look(), 2 * ANSWER_WITHIN))
                await asyncio.wait({look, closing}, return_when=asyncio.FIRST_COMPLETED)
                # Whatever a look has ended with, the next one must come.
                if look.done() and (error := look.exception()):
                    self._note({}, NO_ANSWER, _unreachable(error))
                await asyncio.wait({closing}, timeout=LOOK_EVERY)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

    async def _look(self) -> None:
        """Note which machines can train, and how many places others have taken."""
        found = cast("dict[str, Any]", await self._rpc(self.address).identity())
        machines = list(found["workers"])
        for machine in self._asked.keys() - set(machines):
            self._drop(machine)
        # One that stands still is not waited for, nor asked anew before it has answered.
        asked = {m: asyncio.create_task(self._load(m)) for m in machines if m not in self._loading}
        self._loading |= asked
        if asked:
            await asyncio.wait(asked.values(), timeout=LOAD_WITHIN)
        done = [machine for machine, load in self._loading.items() if load.done()]
        told = {machine: self._loading.pop(machine).result() for machine in done}
        loads = {machine: load for machine, load in told.items() if load is not None}
        usable = {machine: load for machine, load in loads.items() if load.get("threads")}
        if usable:
            self._note(usable)
        elif any(loads.values()):
            self._note({}, NO_ROOM, "has no machine with room on its disk")
        elif loads:
            detail = "has no machine with this very version of Digit Lab and of NumPy"
            self._note({}, OTHER_VERSION, detail)
        else:
            self._note({}, NO_MACHINE, f"has no machine that answers, of {len(machines)}")

    async def _load(self, machine: str) -> dict[str, Any] | None:
        """What a machine says of its places; {} if it can't train, None if it does not answer."""
        for _ in range(2):  # one that is new may have to be told first what we ask
            try:
                load = await self._ask(machine, do="load")
            except Taught:
                continue
            except Lost:
                return None
            return load if load.get("version") == version() and "threads" in load else {}
        return {}

    async def _teach(self, machine: str) -> None:
        """Have a machine answer our questions, which it has just shown not to know."""
        plugin = {"plugin": dumps(Bridge()), "name": f"digit-lab-{self.name}"}
        with suppress(Exception):  # it has not this program, or is gone: the look says so
            await self._rpc(self.address).proxy(worker=machine, msg={"op": "plugin-add", **plugin})

    def _note(self, loads: dict[str, dict[str, Any]], said: str = "", detail: str = "") -> None:
        """Note what the machines say of their places, or why there is none; a change is logged."""
        sentence = f"The cluster at {self.address} {detail or 'can train'}."
        with self._lock:
            before = self.problem
            since = before.since if before and before.said == said else monotonic()
            self.problem = Problem(said, sentence, since) if said else None
            is_news, self._logged = said != self._logged, said
            self._threads = {machine: load["threads"] for machine, load in loads.items()}
            self._others = {
                machine: Counter(
                    {
                        kind: sum(n for server, n in by_server.items() if server != self.name)
                        for kind, by_server in load["used"].items()
                    }
                )
                for machine, load in loads.items()
            }
        if is_news:
            log.warning(sentence)


def _unreachable(error: BaseException) -> str:
    return f"can't be reached ({str(error) or type(error).__name__})"
