"""Who has a place, a right, a sign of life and room on the disk."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mnist_core.runs.commands import (
    Pause,
    Resume,
    Rewind,
    SetLearningRate,
    Stop,
    TrainBatch,
)
from mnist_core.runs.folder import Lock
from mnist_core.runs.local import LocalPool
from mnist_core.runs.process import WorkerProcess
from mnist_core.runs.protocol import Order
from mnist_core.runs.settings import PoolSettings
from mnist_core.runs.status import SET_WRONGLY, NotAllowed, Problem, QueueFull
from tests.runs.tools import (
    CONFIG,
    ENDLESS,
    TIMEOUT,
    Clock,
    at,
    ended,
    wait_unseen,
    wait_without_process,
)

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


def test_who_waits_on_a_server_that_is_set_wrongly_learns_who_can_mend_it(
    tmp_path: Path, folder: Path
) -> None:
    problems = ("DIGIT_LAB_TRAININGS can't be 'ten'; 2 is taken instead.",)
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1, problems=problems)) as pool:
        working, waiting = (pool.start(ENDLESS, data=folder) for _ in range(2))
        assert SET_WRONGLY in waiting.peek().message
        assert "DIGIT_LAB" not in waiting.peek().message + working.peek().message


def test_how_long_there_was_no_place_is_said_when_it_is_long() -> None:
    problem = Problem("Nothing answers.", "tcp://address", since=1000)
    assert problem.lasting(1059) == "Nothing answers."
    assert problem.lasting(1300) == "Nothing answers. It has been so for 5 min."


class Refused:
    """A process on a cluster that found no place there."""

    pid, lost, is_over = 0, "cluster", True

    def __init__(self, on_end: Callable[[Any, str], None]) -> None:
        threading.Thread(target=on_end, args=(self, "It found no place.")).start()


def test_what_a_run_was_told_before_it_began_holds_though_its_place_was_taken(
    pool: LocalPool, folder: Path
) -> None:
    refused: list[Refused] = []

    def new_process(order: Order, lock: Lock, **how: Any) -> Any:
        if refused:
            return WorkerProcess(order, lock, **how)
        lock.release()
        refused.append(Refused(how["on_end"]))
        return refused[0]

    pool.new_process = new_process
    handle = pool.start(ENDLESS, data=folder, paused=True)
    handle.wait_for(lambda view: bool(refused) and at(0, "paused")(view), TIMEOUT)
    handle.send(TrainBatch())
    handle.wait_for(at(1, "paused"), TIMEOUT)
    handle.send(Stop())
    handle.wait_for(ended, TIMEOUT)
    wait_without_process(pool, handle)
    refused.clear()
    handle.send(Rewind())
    handle.wait_for(at(0, "paused"), TIMEOUT)
    assert refused


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


# Turns.


def test_visitors_take_turns_however_many_runs_one_of_them_lets_wait(
    tmp_path: Path, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1)) as pool:
        eager = [pool.start(ENDLESS, data=folder, visitor="eager") for _ in range(4)]
        modest = pool.start(ENDLESS, data=folder, visitor="modest")
        late = pool.start(ENDLESS, data=folder, visitor="late")
        positions = [handle.peek().queue_position for handle in (*eager, modest, late)]
        assert positions == [None, 3, 4, 5, 1, 2]
        assert "and 2 wait before this one" in eager[1].peek().message
        eager[0].send(Stop())
        modest.wait_for(lambda view: view.step > 0, TIMEOUT)


def test_a_run_whose_turn_is_over_lets_others_work_and_comes_again(
    tmp_path: Path, clock: Clock, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1), clock=clock) as pool:
        first = pool.start(ENDLESS, data=folder, visitor="first")
        first.wait_for(lambda view: view.step > 0, TIMEOUT)
        own = pool.start(ENDLESS, data=folder, visitor="first")
        clock.now += 59
        first.watch()
        second = pool.start(ENDLESS, data=folder, visitor="second")
        assert first.peek().status == "running"
        assert "in about 1 s" in second.peek().message
        clock.now += 1
        first.watch()
        pool.check()
        second.wait_for(lambda view: view.step > 0, TIMEOUT)
        view = first.peek()
        assert (view.status, view.queue_position) == ("queued", 2)
        assert own.peek().queue_position == 1 and "in about 60 s" in own.peek().message
        own.send(Stop())
        second.send(Stop())
        first.wait_for(lambda later: later.step > view.step, TIMEOUT)


def test_turns_change_no_number_of_a_run(tmp_path: Path, clock: Clock, folder: Path) -> None:
    config = replace(CONFIG, epochs=40)
    with LocalPool(PoolSettings(folder=tmp_path / "alone")) as pool:
        undisturbed = pool.start(config, data=folder).wait_for(ended, TIMEOUT)
    with LocalPool(PoolSettings(folder=tmp_path / "turns", trainings=1), clock=clock) as pool:
        first = pool.start(config, data=folder, visitor="first", paused=True)
        first.wait_for(at(0, "paused"), TIMEOUT)
        first.send(Resume())
        second = pool.start(replace(config, seed=4), data=folder, visitor="second")
        clock.now += 60
        first.watch()
        second.wait_for(ended, TIMEOUT)
        view = first.wait_for(ended, TIMEOUT)
        assert view.status == "finished"
    same = [(one.epoch, one.train_loss, one.validation_loss) for one in view.results]
    expected = undisturbed.results
    assert same == [(one.epoch, one.train_loss, one.validation_loss) for one in expected]


def test_a_run_that_nobody_looks_at_works_only_if_no_other_waits(
    tmp_path: Path, clock: Clock, folder: Path
) -> None:
    with LocalPool(PoolSettings(folder=tmp_path, trainings=1), clock=clock) as pool:
        unseen = pool.start(ENDLESS, data=folder, visitor="gone")
        unseen.wait_for(lambda view: view.step > 0, TIMEOUT)
        clock.now += 30
        pool.check()
        assert unseen.peek().status == "running"
        seen = pool.start(ENDLESS, data=folder, visitor="there")
        seen.wait_for(lambda view: view.step > 0, TIMEOUT)
        view = unseen.peek()
        assert view.status == "paused" and "gave its place" in view.message
        seen.send(Stop())
        unseen.watch()
        unseen.wait_for(lambda later: later.step > view.step, TIMEOUT)


def test_one_visitor_cannot_fill_the_queue(tmp_path: Path, folder: Path) -> None:
    settings = PoolSettings(folder=tmp_path, trainings=1, waiting=5)
    with LocalPool(settings) as pool:
        mine = [pool.start(ENDLESS, data=folder, visitor="eager") for _ in range(4)]
        with pytest.raises(QueueFull, match="3 trainings of yours wait already"):
            pool.start(ENDLESS, data=folder, visitor="eager")
        mine[1].send(Stop())
        with pytest.raises(QueueFull, match="stop one of them"):
            pool.start(ENDLESS, data=folder, visitor="eager")
            mine[1].send(Resume())
        for visitor in ("one", "two"):
            pool.start(ENDLESS, data=folder, visitor=visitor)
        with pytest.raises(QueueFull, match="5 trainings wait on this server"):
            pool.start(ENDLESS, data=folder, visitor="three")


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
