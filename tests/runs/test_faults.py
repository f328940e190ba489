"""Whatever stops answering, dies, or is told nonsense: a run has one owner, and says the truth."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
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
from mnist_core.runs.status import NotAllowed
from mnist_core.runs.store import RunStore
from mnist_core.training.checkpoint import load_checkpoint, save_checkpoint
from mnist_core.training.run import EpochResult, Run, starting_point
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    STEPS_PER_EPOCH,
    TIMEOUT,
    Clock,
    at,
    ended,
    wait_unseen,
    wait_without_process,
)


def workers() -> list[str]:
    """The ids of runs that a living process works on, one for each process."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
            state = (path.parent / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if b"mnist_core.runs.worker" in words and state not in "ZX":
            found.append(words[words.index(b"mnist_core.runs.worker") + 1].decode())
    return found


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


# What was kept survives.


def test_a_worker_that_the_system_ends_saves_at_once(
    pool: LocalPool, folder: Path, history: tuple[EpochResult, ...]
) -> None:
    handle = pool.start(CONFIG, data=folder, paused=True)
    handle.send(TrainEpoch())
    handle.wait_for(at(STEPS_PER_EPOCH, "paused"), TIMEOUT)
    handle.send(TrainBatch())
    handle.wait_for(at(STEPS_PER_EPOCH + 1, "paused"), TIMEOUT)
    assert handle.process_id is not None
    os.kill(handle.process_id, signal.SIGTERM)
    view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "stopped" and view.saved_step == STEPS_PER_EPOCH + 1
    handle.send(Resume())
    assert handle.wait_for(ended, TIMEOUT).results == history


SLOW_TO_SAVE = """
import sys, threading, time
from mnist_core.runs import trainer, worker

save = trainer.save_checkpoint

def save_slowly(path, checkpoint):
    while not leaving:
        time.sleep(0.001)  # until the worker is about to end
    time.sleep(0.2)
    save(path, checkpoint)

class Noted(threading.Timer):
    def __init__(self, *how):
        super().__init__(*how)
        leaving.append(self)

leaving = []
worker.GRACE = 0
worker.threading.Timer = Noted
trainer.save_checkpoint = save_slowly
sys.exit(worker.main())
"""


def test_a_worker_whose_server_is_gone_does_not_end_in_the_middle_of_a_save(
    tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "a").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", SLOW_TO_SAVE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=os.environ | ONE_THREAD,
    ) as worker:  # fmt: skip
        assert worker.stdin is not None and worker.stdout is not None
        order = Order(ENDLESS, str(tmp_path / "a"), str(folder), commands=(Pause(),))
        write_message(worker.stdin, order_message(order))
        message = read_message(worker.stdout)  # it has begun
        while message is not None and message.header == ALIVE.header:
            message = read_message(worker.stdout)
        worker.stdin.close()
        while read_message(worker.stdout) is not None:
            pass
        worker.wait(TIMEOUT)
    assert load_checkpoint(tmp_path / "a" / "checkpoint.npz").step == 0


SERVER = """
import json, sys
from pathlib import Path
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.config import TrainConfig

pool = LocalPool(PoolSettings(folder=Path(sys.argv[2])))
handle = pool.start(TrainConfig.from_dict(json.loads(sys.argv[1])), data=sys.argv[3])
handle.wait_for(lambda view: len(view.results) >= 3 and view.saved_step is not None, 60)
print(handle.id, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def killed(tmp_path: Path, folder: Path) -> Iterator[str]:
    """The id of a run whose server was killed in the middle of it."""
    config = json.dumps(replace(ENDLESS, schedule="constant").to_dict())
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, config, str(tmp_path), str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        id = server.stdout.readline().strip()
        server.kill()
        # The worker has inherited stderr: that ends only when the worker has ended too.
        server.communicate(timeout=TIMEOUT)
    assert workers().count(id) == 0
    yield id


def test_after_the_server_was_killed_a_run_is_interrupted_and_goes_on_to_the_same_numbers(
    killed: str, tmp_path: Path, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        handle = pool.get(killed)
        assert handle is not None
        view = handle.watch()
        assert view.status == "interrupted" and "can go on" in view.message
        assert len(view.results) >= 3 and view.saved_step is not None
        # The curve of the batches and the snapshots are there, up to the last save.
        assert sum(point.batches for point in view.batch_line) == view.batch_line[-1].step
        assert view.batch_line[-1].step >= view.saved_step
        assert handle.snapshots.all[0].step == 0 and len(handle.snapshots) > 3
        handle.send(Resume())
        later = handle.wait_for(lambda v: len(v.results) > len(view.results), TIMEOUT)
        whole = pool.start(
            replace(CONFIG, schedule="constant", epochs=len(later.results)), data=folder
        ).wait_for(ended, TIMEOUT)
        assert whole.results == later.results


# Two servers that share a folder.


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[LocalPool, LocalPool]]:
    settings = PoolSettings(folder=tmp_path)
    with LocalPool(settings) as first, LocalPool(settings) as second:
        yield first, second


def test_a_live_run_of_another_server_can_be_watched_but_not_commanded(
    servers: tuple[LocalPool, LocalPool], folder: Path
) -> None:
    first, second = servers
    ours = first.start(ENDLESS, data=folder)
    ours.wait_for(lambda view: bool(view.saved_step), TIMEOUT)
    theirs = second.get(ours.id)
    assert theirs is not None
    view = theirs.watch()
    assert view.elsewhere and not view.ended and not theirs.may_command
    assert "Another server" in view.message
    for command in (Resume(), Rewind(), Stop()):
        with pytest.raises(NotAllowed, match="Another server"):
            theirs.send(command)
    assert workers().count(ours.id) == 1
    ours.send(Stop("Enough."))
    ours.wait_for(ended, TIMEOUT)
    wait_without_process(first, ours)
    second.check()
    later = theirs.wait_for(lambda view: not view.elsewhere, TIMEOUT)
    assert (later.status, later.message) == ("stopped", "Enough.")
    theirs.send(Resume())
    theirs.wait_for(lambda view: view.status == "running" and view.step > later.step, TIMEOUT)
    assert workers().count(ours.id) == 1


def test_two_servers_that_resume_one_run_at_once_start_one_process(
    servers: tuple[LocalPool, LocalPool], folder: Path
) -> None:
    first, second = servers
    ours = first.start(ENDLESS, data=folder, paused=True)
    ours.wait_for(at(0, "paused"), TIMEOUT)
    ours.send(Stop())
    ours.wait_for(ended, TIMEOUT)
    wait_without_process(first, ours)
    theirs = second.get(ours.id)
    assert theirs is not None

    def resume(handle) -> None:
        with suppress(NotAllowed):
            handle.send(Resume())

    threads = [threading.Thread(target=resume, args=(handle,)) for handle in (ours, theirs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pool, handle in ((first, ours), (second, theirs)):
        with pool.changed:
            pool.changed.wait_for(lambda h=handle: h.peek().step > 0 or h.peek().elsewhere, TIMEOUT)
    assert workers().count(ours.id) == 1


def test_a_server_that_lives_is_told_from_one_that_was_killed(tmp_path: Path) -> None:
    alive, other = RunStore(tmp_path), RunStore(tmp_path)
    row = alive.add(CONFIG, data=None, visitor="")
    assert other.elsewhere(row) and not other.lease(row.id)
    alive._alive.release()  # what the system does when a process ends, however it ends
    assert not other.elsewhere(row) and other.lease(row.id)
    assert not alive.lease(row.id)
    alive.close()
    other.close()


def test_a_lease_that_ran_out_is_free(tmp_path: Path) -> None:
    clock = Clock()
    one, other = RunStore(tmp_path, now=clock), RunStore(tmp_path, now=clock)
    row = one.add(CONFIG, data=None, visitor="")
    clock.now += 10
    one.renew()
    clock.now += 10
    assert not other.lease(row.id)
    clock.now += 10
    assert other.lease(row.id)
    one.close()
    other.close()


# Places.


def test_a_paused_run_gives_its_place_to_one_that_waits_and_goes_on_later(
    tmp_path: Path, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1)) as pool:
        paused = pool.start(ENDLESS, data=folder)
        paused.wait_for(lambda view: view.step > 0, TIMEOUT)
        paused.send(Pause())
        step = paused.wait_for(lambda view: view.status == "paused", TIMEOUT).step
        waiting = pool.start(ENDLESS, data=folder)
        waiting.wait_for(lambda view: view.step > 0, TIMEOUT)
        view = paused.peek()
        assert view.status == "paused" and "gave its place" in view.message and view.step == step
        paused.send(Resume())
        assert paused.peek().queue_position == 1
        assert "starts by itself" in paused.peek().message
        waiting.send(Stop())
        paused.wait_for(lambda view: view.status == "running" and view.step > step, TIMEOUT)


def test_a_run_that_goes_on_keeps_its_place(tmp_path: Path, folder: Path) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1)) as pool:
        first = pool.start(ENDLESS, data=folder)
        first.wait_for(lambda view: view.step > 0, TIMEOUT)
        second = pool.start(ENDLESS, data=folder)
        step = first.peek().step
        first.wait_for(lambda view: view.step > step, TIMEOUT)
        assert first.status == "running" and second.status == "queued"
        second.send(Stop())


def test_a_paused_run_that_cannot_be_saved_keeps_its_place_until_it_can(
    tmp_path: Path, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1)) as pool:
        paused = pool.start(ENDLESS, data=folder, paused=True)
        paused.wait_for(lambda view: view.saved_step == 0, TIMEOUT)
        in_the_way = paused.folder / "checkpoint.npz"
        in_the_way.unlink()
        in_the_way.mkdir()  # as good as a full disk
        paused.send(TrainBatch())
        paused.wait_for(at(1, "paused"), TIMEOUT)
        process = paused.process_id
        waiting = pool.start(CONFIG, data=folder)
        view = paused.wait_for(lambda view: "No checkpoint could be saved" in view.message, TIMEOUT)
        for _ in range(3):  # however often it is asked
            pool.check()
            paused.send(TrainBatch())
            view = paused.wait_for(at(view.step + 1, "paused"), TIMEOUT)
        assert paused.process_id == process and waiting.status == "queued"
        in_the_way.rmdir()
        waiting.wait_for(ended, TIMEOUT)
        view = paused.peek()
        assert "gave its place" in view.message and view.saved_step == view.step


# Rights.


def test_only_who_began_a_run_or_has_its_key_commands_it(pool: LocalPool, folder: Path) -> None:
    teacher = pool.start(ENDLESS, data=folder, visitor="teacher")
    teacher.wait_for(lambda view: view.step > 0, TIMEOUT)
    pupil = pool.get(teacher.id, visitor="pupil")
    assert pupil is not None and not pupil.may_command and pupil.command_key == ""
    assert pupil.watch().status == "running"
    for command in (Stop(), Pause(), Rewind(), SetLearningRate(0.1)):
        with pytest.raises(NotAllowed):
            pupil.send(command)
    wrong = pool.get(teacher.id, visitor="pupil", key="guess")
    assert wrong is not None and not wrong.may_command
    helper = pool.get(teacher.id, visitor="helper", key=teacher.command_key)
    assert helper is not None and helper.may_command
    helper.send(Stop())
    teacher.wait_for(ended, TIMEOUT)


def test_rights_outlive_the_server(tmp_path: Path, folder: Path) -> None:
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        first = pool.start(CONFIG, data=folder, visitor="teacher")
        assert pool.get(first.id, visitor="helper", key=first.command_key)
        first.wait_for(ended, TIMEOUT)
    with LocalPool(PoolSettings(folder=tmp_path)) as pool:
        for visitor, allowed in (
            ("teacher", True),
            ("helper", True),
            ("pupil", False),
            ("", False),
        ):
            handle = pool.get(first.id, visitor=visitor)
            assert handle is not None and handle.may_command == allowed


# Signs of life.


def test_a_peek_is_no_sign_of_life(pool: LocalPool, clock: Clock, folder: Path) -> None:
    handle = pool.start(ENDLESS, data=folder)
    handle.wait_for(lambda view: view.step > 0, TIMEOUT)
    clock.now += 119
    assert pool.get(handle.id) == handle
    handle.peek()
    clock.now += 1
    pool.check()
    wait_unseen(pool, handle, "paused")


def test_a_run_that_slept_and_gave_its_place_wakes_up_at_a_look(
    tmp_path: Path, clock: Clock, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1), clock=clock) as pool:
        sleeper = pool.start(ENDLESS, data=folder)
        sleeper.wait_for(lambda view: view.step > 0, TIMEOUT)
        clock.now += 120
        pool.check()
        wait_unseen(pool, sleeper, "paused")
        other = pool.start(CONFIG, data=folder)
        other.wait_for(ended, TIMEOUT)
        step = sleeper.watch().step
        sleeper.wait_for(lambda view: view.status == "running" and view.step > step, TIMEOUT)


# Room.


def test_a_running_run_is_never_removed_and_the_oldest_go_first(
    tmp_path: Path, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, runs_on_disk=1)) as pool:
        running = pool.start(ENDLESS, data=folder)
        running.wait_for(lambda view: bool(view.saved_step), TIMEOUT)
        ids = []
        for _ in range(3):
            handle = pool.start(CONFIG, data=folder)
            handle.wait_for(ended, TIMEOUT)
            wait_without_process(pool, handle)
            ids.append(handle.id)
        running.send(Pause())
    kept = {path.name for path in tmp_path.iterdir() if path.is_dir()} - {"servers"}
    assert running.id in kept and len(kept) <= 2


def test_a_run_without_a_process_keeps_no_weights_in_memory(pool: LocalPool, folder: Path) -> None:
    handle = pool.start(CONFIG, data=folder)
    handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    assert len(handle.snapshots) > 3
    assert sum(snapshot.bytes_in_memory for snapshot in handle.snapshots.all) == 0


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
