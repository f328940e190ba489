"""Trains many runs side by side, one on each core, and hands them out as they are finished.
A run gives the very numbers that `train` gives for its settings, whatever trains beside it.
"""

import tempfile
import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter

from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset
from mnist_core.data.shared import write_shared
from mnist_core.experiments.cost import expected_seconds
from mnist_core.experiments.jobs import Job, Outcome, Result, job_message, read_answer
from mnist_core.experiments.workplace import Workplace, workplace
from mnist_core.runs.process import Started, close, ending
from mnist_core.runs.protocol import ProtocolError, read_message, write_message
from mnist_core.runs.remote import RemoteProcess
from mnist_core.runs.status import Problem
from mnist_core.runs.worker import NICENESS
from mnist_core.training.checkpoint import Checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult

PREFIX = "digit-lab-experiment-"  # of the temporary folder of the images
STARTS = 2  # of a run whose process dies: the second time it is given up
LOOK_EVERY = 0.1  # seconds between looks at whether to stop
IDLE = 3.0  # seconds without any process after which it is told why
PATIENCE = 20.0  # such seconds after which those give up who can't be told


@dataclass(frozen=True)
class Finished:
    """A run that has come to its end.

    Args:
        index: its place among the settings that `run_all` was given.
        status: "finished"; "diverged", with the last good weights; "failed", if it could not be
            trained, as the message says.
        history: one result for each epoch that ended well.
        seconds: of training alone.
        working_seconds: from the first step's preparation to the last judging.
        starts: 2 if a process died over it, and another one trained it.
        checkpoint: the network that predicts, if it was to be kept.
    """

    index: int
    config: TrainConfig
    status: Outcome
    message: str = ""
    history: tuple[EpochResult, ...] = ()
    seconds: float = 0.0
    working_seconds: float = 0.0
    starts: int = 1
    checkpoint: Checkpoint | None = None


@dataclass(frozen=True)
class Standing:
    """How far all runs have come, at the end of an epoch of one of them."""

    index: int  # of the run whose epoch has ended
    result: EpochResult
    done: int  # runs
    total: int
    share: float  # of the work, 0..1
    seconds_left: float


def run_all(
    configs: Sequence[TrainConfig],
    data: Dataset,
    *,
    processes: int | None = None,
    keep_weights: bool = False,
    initial: Sequence[Array | None] | None = None,
    watch: Callable[[Standing], object] = lambda standing: None,
    interrupted: Callable[[], bool] = lambda: False,
    niceness: int = NICENESS,
    urgent: Collection[int] = (),
    waits: Callable[[Problem | None], object] | None = None,
) -> Generator[Finished, None, None]:
    """Train a run for each of the settings; yields each as soon as it is finished.

    On the cluster of DIGIT_LAB_SCHEDULER, if it is set. The urgent ones begin first, then the
    longest; a run whose process dies is begun again, once. Who stops asking loses what is begun.

    Args:
        configs: the settings. `threads` is not used: every core has a run of its own.
        data: what to train on, of which all processes share one copy.
        processes: how many train at a time; one for each core, or place of the cluster, if None.
        keep_weights: whether each Finished has the network.
        initial: for each run parameters (P,) to begin with, or None for the seed's.
        watch: called after every epoch of any run.
        interrupted: asked ten times a second; True is as if nobody asked any more.
        niceness: how much the processes make way for others, up to 19.
        urgent: the indices of runs that somebody waits for.
        waits: told why nothing can train on the cluster now, and None when that is over.

    OSError if the images can't be written, or, without `waits`, after 20 s without a place.
    """
    starts = initial or [None] * len(configs)
    jobs = [Job(c, start, keep_weights) for c, start in zip(configs, starts, strict=True)]
    if not jobs:
        return
    clock = _Clock(configs)
    with (
        _shared(data) as folder,
        workplace(folder, niceness, processes) as place,
        closing(_Crew(jobs, clock.in_order(urgent), place)) as crew,
    ):
        for news in crew.hear(interrupted):
            if isinstance(news, Finished):
                clock.finish(news.index)
                yield news
            elif isinstance(news, tuple):
                watch(clock.standing(*news))
            else:
                news.tell(waits)


@contextmanager
def _shared(data: Dataset) -> Iterator[Path]:
    """A folder with the images, which all processes read: a temporary one, if there is none yet."""
    if data.folder is not None and data.folder.is_dir():
        yield data.folder
        return
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        write_shared(data, Path(folder))
        yield Path(folder)


class _Clock:
    """What is done and what is left, in seconds that the runs were expected to take."""

    def __init__(self, configs: Sequence[TrainConfig]) -> None:
        self._started = perf_counter()
        self._configs = configs
        self._expected = [expected_seconds(config) for config in configs]
        self._shares = [0.0] * len(configs)  # of each run that is done
        self.done = 0

    def in_order(self, urgent: Collection[int]) -> list[int]:
        """The urgent runs, then the others, the longest first."""
        return sorted(
            range(len(self._expected)), key=lambda i: (i not in urgent, -self._expected[i])
        )

    def finish(self, index: int) -> None:
        self._shares[index] = 1.0
        self.done += 1

    def standing(self, index: int, result: EpochResult) -> Standing:
        self._shares[index] = result.epoch / self._configs[index].epochs
        done = sum(s * e for s, e in zip(self._shares, self._expected, strict=True))
        share = min(1.0, done / sum(self._expected))
        left = (perf_counter() - self._started) * (1 / share - 1)
        return Standing(index, result, self.done, len(self._configs), share, left)


@dataclass(frozen=True)
class _Idle:
    """Nothing has trained for so many seconds, since there is no place; or that is over."""

    problem: Problem | None
    seconds: float

    def tell(self, waits: Callable[[Problem | None], object] | None) -> None:
        """Tell whoever waits, or raise OSError if nobody wants to know and it takes too long."""
        if waits:
            waits(self.problem)
        elif self.problem and self.seconds > PATIENCE:
            raise OSError(self.problem.detail)


class _Crew:
    """Processes that take jobs from one queue, each in the care of a thread: as many as there are
    places, which may become more and fewer meanwhile.
    """

    def __init__(self, jobs: list[Job], order: list[int], place: Workplace) -> None:
        self._news: SimpleQueue[Finished | tuple[int, EpochResult] | BaseException] = SimpleQueue()
        self._jobs, self._place = jobs, place
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()  # over all below
        self._waiting = deque(order)
        self._starts = [0] * len(jobs)
        self._at_work = 0
        self._ended = False
        self._processes: set[_Process] = set()

    def hear(
        self, interrupted: Callable[[], bool]
    ) -> Iterator[Finished | tuple[int, EpochResult] | _Idle]:
        """Yield what happens, until every job is finished or somebody wants to stop.

        What is finished already is handed out also then.
        """
        left, busy_at, told = len(self._jobs), monotonic(), False
        while left:
            self._use_places()
            if self._at_work:
                busy_at = monotonic()
            idle = monotonic() - busy_at
            if told or idle > IDLE:
                told = idle > IDLE
                yield _Idle(self._place.why_no_place() if told else None, idle)
            try:
                news = self._news.get(timeout=0 if interrupted() else LOOK_EVERY)
            except Empty:
                if interrupted():
                    return
                continue
            if isinstance(news, BaseException):
                raise news
            left -= isinstance(news, Finished)
            yield news

    def close(self) -> None:
        """End all processes at once, and wait until they are gone."""
        with self._lock:
            self._ended = True
            for process in self._processes:
                process.kill()
        for thread in self._threads:
            thread.join()

    def _use_places(self) -> None:
        """Have jobs that wait taken to places that are free."""
        places = self._place.places()
        with self._lock:
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            for _ in range(min(places - self._at_work, len(self._waiting))):
                self._at_work += 1
                self._threads.append(threading.Thread(target=self._serve, daemon=True))
                self._threads[-1].start()

    def _serve(self) -> None:
        """Train what waits, in one process as long as it lives."""
        process = None
        try:
            while (index := self._next()) is not None:
                try:
                    process = process or self._new_process()
                    job, number = self._jobs[index], self._starts[index]
                    result = process.train(job, lambda r, i=index: self._news.put((i, r)))
                except (OSError, EOFError, ProtocolError) as error:
                    self._give_back(index, process, error)
                    break
                self._news.put(_finished(index, job, result, number))
        except BaseException as error:  # a fault of ours: whoever waits for news must hear of it
            self._news.put(error)
        finally:
            self._leave(process)

    def _next(self) -> int | None:
        with self._lock:
            if self._ended or not self._waiting:
                return None
            index = self._waiting.popleft()
            self._starts[index] += 1
            return index

    def _give_back(self, index: int, process: "_Process | None", error: Exception) -> None:
        """A job whose process has died over it is the next one again, wherever there is a place."""
        why = process.how_it_ended() if process else f"It can't start: {error}."
        with self._lock:
            if process and process.is_blameless:
                self._starts[index] -= 1
            if self._starts[index] < STARTS:
                self._waiting.appendleft(index)
                return
        config = self._jobs[index].config
        self._news.put(Finished(index, config, "failed", why, starts=STARTS))

    def _new_process(self) -> "_Process":
        with self._lock:
            if self._ended:
                raise EOFError
            process = _Process(self._place.start())
            self._processes.add(process)
        return process

    def _leave(self, process: "_Process | None") -> None:
        if process:
            with self._lock:
                self._processes.discard(process)
            process.close()
        with self._lock:
            self._at_work -= 1


class _Process:
    """A process that trains one job at a time."""

    def __init__(self, process: Started) -> None:
        self._process = process

    def train(self, job: Job, after_epoch: Callable[[EpochResult], object]) -> Result:
        """Have a job done; OSError, EOFError or ProtocolError if the process dies over it."""
        write_message(self._process.stdin, job_message(job))
        while (message := read_message(self._process.stdout)) is not None:
            answer = read_answer(message)
            if isinstance(answer, Result):
                return answer
            after_epoch(answer)
        raise EOFError

    def how_it_ended(self) -> str:
        """A sentence on the end of a process that does not answer any more."""
        self.kill()
        code = self._process.wait()
        if isinstance(self._process, RemoteProcess) and self._process.lost:
            return f"The machine that trained it can't be reached any more, {STARTS} times."
        return f"The training process ended unexpectedly ({ending(code)}), {STARTS} times."

    @property
    def is_blameless(self) -> bool:
        """Whether it was lost with the whole cluster, or found no place there."""
        lost = self._process.lost if isinstance(self._process, RemoteProcess) else None
        return lost is not None and lost.cluster

    def kill(self) -> None:
        """End it at once: it keeps nothing."""
        with suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End it, and let go of its pipes."""
        close(self._process)


def _finished(index: int, job: Job, result: Result, starts: int) -> Finished:
    return Finished(
        index,
        job.config,
        result.status,
        result.message,
        result.history,
        result.seconds,
        result.working_seconds,
        starts,
        result.checkpoint,
    )
