"""Whatever stops answering, dies, or is told nonsense: a run has one owner, and says the truth."""

import os
import random
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.runs import process as process_module
from mnist_core.runs.commands import (
    Command,
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
    TrainEpoch,
)
from mnist_core.runs.local import LocalPool
from mnist_core.runs.process import ONE_THREAD, ROOT
from mnist_core.runs.protocol import (
    ALIVE,
    Message,
    Order,
    ProtocolError,
    order_message,
    read_message,
    read_report,
    write_message,
)
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.checkpoint import save_checkpoint
from mnist_core.training.run import Run, starting_point
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    TIMEOUT,
    Clock,
    at,
    ended,
    wait_without_process,
    workers,
)


def stopped_by_signal(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


# One state, one process.


def test_a_run_that_was_forgotten_and_fetched_anew_has_one_process(
    pool: LocalPool, clock: Clock, folder: Path
) -> None:
    idle_tab = pool.start(CONFIG, data=folder)
    idle_tab.wait_for(ended, TIMEOUT)
    wait_without_process(pool, idle_tab)
    clock.now += 1800
    pool.check()
    second_tab = pool.get(idle_tab.id)
    assert second_tab is not None
    idle_tab.send(Rewind())
    second_tab.send(Rewind())
    for handle in (idle_tab, second_tab):
        handle.wait_for(at(0, "paused"), TIMEOUT)
    assert idle_tab.process_id == second_tab.process_id
    assert workers().count(idle_tab.id) == 1


def test_a_rewind_after_the_end_goes_back_to_the_weights_that_were_given(
    pool: LocalPool, folder: Path, data: Dataset, tmp_path: Path
) -> None:
    first = pool.start(CONFIG, data=folder)
    first.wait_for(ended, TIMEOUT)
    weights = first.snapshots.all[-1].parameters
    save_checkpoint(tmp_path / "given.npz", starting_point(CONFIG, weights, data.sha256))
    second = pool.start(CONFIG, data=folder, checkpoint=tmp_path / "given.npz")
    second.wait_for(ended, TIMEOUT)
    wait_without_process(pool, second)
    (tmp_path / "given.npz").unlink()
    second.send(Rewind())
    view = second.wait_for(at(0, "paused"), TIMEOUT)
    assert view.snapshot is not None
    np.testing.assert_array_equal(view.snapshot.parameters, weights)


def test_what_was_given_goes_once_the_run_has_a_checkpoint_and_is_rewound_to_all_the_same(
    pool: LocalPool, folder: Path, data: Dataset
) -> None:
    weights = Run(replace(CONFIG, seed=8), data).model.parameters.flat
    given = starting_point(CONFIG, weights, data.sha256)
    handle = pool.start(CONFIG, data=folder, checkpoint=given, paused=True)
    handle.send(TrainBatch())
    handle.wait_for(at(1, "paused"), TIMEOUT)
    handle.send(Stop())
    handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    assert handle.checkpoint_path is not None
    assert not (handle.folder / "given.npz").exists()
    handle.send(TrainBatch())
    handle.wait_for(at(2, "paused"), TIMEOUT)
    handle.send(Rewind())
    view = handle.wait_for(at(0, "paused"), TIMEOUT)
    assert view.snapshot is not None
    np.testing.assert_array_equal(view.snapshot.parameters, weights)


def test_a_stopped_process_holds_up_nobody_and_is_ended(pool: LocalPool, folder: Path) -> None:
    stuck, other = pool.start(ENDLESS, data=folder), pool.start(ENDLESS, data=folder)
    for handle in (stuck, other):
        handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    pid = stuck.process_id
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    for _ in range(3000):  # more than any pipe holds
        stuck.send(SetLearningRate(0.001))
    step = other.peek().step
    other.wait_for(lambda view: view.step > step, TIMEOUT)
    assert stopped_by_signal(pid)  # so the other run was looked at while this one was stuck
    view = stuck.wait_for(ended, TIMEOUT)
    assert view.status == "failed" and "did not answer" in view.message
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    stuck.send(Resume())
    stuck.wait_for(lambda later: later.status == "running", TIMEOUT)


def test_a_stopped_process_does_not_keep_the_pool_from_closing(
    tmp_path: Path, folder: Path
) -> None:
    pool = LocalPool(PoolSettings(folder=tmp_path, patience=0.5))
    handle = pool.start(ENDLESS, data=folder)
    handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    assert handle.process_id is not None
    os.kill(handle.process_id, signal.SIGSTOP)
    pool.close()
    assert workers().count(handle.id) == 0


SPEAKS_WHILE_IT_SAVES = """
import pathlib, sys, time
from mnist_core.runs.protocol import ALIVE, write_message

write_message(sys.stdout.buffer, ALIVE)
sys.stdin.buffer.read()
for _ in range(20):
    time.sleep(0.1)
    write_message(sys.stdout.buffer, ALIVE)
pathlib.Path(sys.argv[1]).touch()
"""


def test_a_process_that_speaks_while_it_saves_is_not_killed_when_the_pool_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = tmp_path / "saved"
    script = [sys.executable, "-c", SPEAKS_WHILE_IT_SAVES, str(saved)]
    monkeypatch.setattr(process_module, "WORKER", script)
    with LocalPool(PoolSettings(folder=tmp_path / "runs", patience=1.0)) as pool:
        pool.start(CONFIG)
    assert saved.exists()


@pytest.mark.parametrize(
    "said",
    [
        b"\0\0\0\4\0\0\0\0oops",
        b"\0\0\0\2\0\0\0\0[]",
        b"\0\0\0\2\0\0\0\0{}",
        b"\xff" * 64,
        b'\0\0\0\x14\0\0\0\0{"status": "running"}',
    ],
)
def test_a_process_that_says_nonsense_is_ended_and_the_run_has_failed(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    script = f"import sys; sys.stdout.buffer.write({said!r}); sys.stdout.flush(); sys.stdin.read()"
    monkeypatch.setattr(process_module, "WORKER", [sys.executable, "-c", script])
    handle = pool.start(CONFIG)
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "failed" and "could not be understood" in view.message
    wait_without_process(pool, handle)
    monkeypatch.undo()
    handle.send(Resume())  # and its place is free
    handle.wait_for(lambda view: view.status == "running", TIMEOUT)


@pytest.mark.parametrize(
    "told", [Message({"command": "Dance"}), Message({}), Message({"command": "Pause", "x": 1})]
)
def test_a_worker_that_is_told_nonsense_saves_says_so_and_ends(
    tmp_path: Path, folder: Path, told: Message
) -> None:
    (tmp_path / "a").mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "mnist_core.runs.worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | ONE_THREAD,
    ) as worker:  # fmt: skip
        assert worker.stdin is not None and worker.stdout is not None
        write_message(worker.stdin, order_message(Order(ENDLESS, str(tmp_path / "a"), str(folder))))
        write_message(worker.stdin, told)
        last = None
        while (message := read_message(worker.stdout)) is not None:
            if message != ALIVE:
                last = read_report(message)
        assert last is not None
        assert last.status == "stopped" and "unknown" in last.message
        assert worker.wait(TIMEOUT) == 0
    assert (tmp_path / "a" / "checkpoint.npz").is_file()


def test_a_process_that_nobody_could_hear_is_ended_and_its_run_has_failed(
    pool: LocalPool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoThread(threading.Thread):
        def start(self) -> None:
            if self.name.startswith("read "):
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(process_module.threading, "Thread", NoThread)
    handle = pool.start(CONFIG, data=folder)
    monkeypatch.undo()
    view = handle.peek()
    assert view.status == "failed" and "can't start new thread" in view.message
    assert workers().count(handle.id) == 0
    handle.send(Resume())
    assert handle.wait_for(ended, TIMEOUT).status == "finished"


def test_a_process_that_never_says_a_word_is_ended_but_may_take_its_time_to_start(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool._housekeeping.close()  # time is the test's
    clock = Clock()
    monkeypatch.setattr(process_module, "monotonic", clock)
    mute = [sys.executable, "-c", "import time; time.sleep(1000)"]
    monkeypatch.setattr(process_module, "WORKER", mute)
    handle = pool.start(CONFIG)
    clock.now += 9
    pool.check()
    assert handle.status == "starting" and handle.process_id is not None
    clock.now += 6
    pool.check()
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "failed" and "did not answer" in view.message


def test_a_message_that_is_too_long_or_no_json_is_refused() -> None:
    for content in (b"\x7f\xff\xff\xff\0\0\0\0", b"\0\0\0\1\0\0\0\0{", b"\0\0\0\2\0\0\0\0\xff\xfe"):
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        with open(reading, "rb") as stream, pytest.raises(ProtocolError):
            read_message(stream)


# Everything at once.


COMMANDS: list[Command] = [Pause(), Resume(), TrainBatch(), TrainEpoch(), Stop(), Rewind()]


def test_random_commands_and_killed_workers_leave_one_process_and_a_true_state(
    tmp_path: Path, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        first = pool.start(replace(CONFIG, epochs=60), data=folder)
        second = pool.get(first.id)
        assert second is not None
        over = threading.Event()
        most, problems = 0, []

        def command(handle, seed: int) -> None:
            choice = random.Random(seed)
            try:
                for _ in range(50):
                    handle.send(choice.choice(COMMANDS))
                    handle.peek()
            except BaseException as error:
                problems.append(error)

        def kill() -> None:
            choice = random.Random(0)
            while not over.wait(choice.random() / 10):
                if pid := first.process_id:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)

        threads = [
            threading.Thread(target=command, args=(handle, seed))
            for seed, handle in enumerate((first, first, second, second))
        ]
        killer = threading.Thread(target=kill)
        killer.start()
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            most = max(most, workers().count(first.id))
        over.set()
        killer.join()
        assert problems == [] and most <= 1
        first.send(Stop())
        first.wait_for(lambda view: view.ended, TIMEOUT)
        first.send(Rewind())
        view = first.wait_for(at(0, "paused"), TIMEOUT)
        assert view.results == ()
        first.send(Resume())
        view = second.wait_for(ended, TIMEOUT)
        assert view.status == "finished" and len(view.results) == 60
    assert workers().count(first.id) == 0
