"""The process that trains: `python -m mnist_core.runs.worker`, an order and commands on its stdin.
It reports on its stdout, saves checkpoints, and ends when its stdin closes, as its owner has died.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from mnist_core.data.mnist import load_mnist
from mnist_core.data.shared import KEPT, mnist_of_all
from mnist_core.runs.commands import Command, Inbox, OwnerGone, Stop
from mnist_core.runs.folder import RunFolder
from mnist_core.runs.outbox import Outbox
from mnist_core.runs.protocol import (
    Message,
    Order,
    ProtocolError,
    read_command,
    read_message,
    read_order,
)
from mnist_core.runs.state import Report, RunState
from mnist_core.runs.trainer import Trainer

NICENESS = 15  # the page answers first: visitors who draw beside two trainings wait a third as long
GRACE = 4.0  # seconds that a step may take once the owner is gone
SAVING = 30.0  # seconds more, if a checkpoint is being written then


def main() -> int:
    """Carry out one order; the exit status."""
    commands, reports = own_pipes()
    inbox: Inbox = SimpleQueue()
    _listen_to_signals(inbox)
    message = read_message(commands)
    if message is None:
        return 0
    order = read_order(message)
    for command in order.commands:
        inbox.put(command)
    saving = threading.Lock()
    threading.Thread(target=_listen, args=(commands, inbox, saving), daemon=True).start()
    outbox = Outbox(reports, after_first_step=make_way)
    try:
        # The server has put MNIST beside the runs, so that it lies in memory once for all.
        kept = Path(order.folder).parent / KEPT
        data = load_mnist(order.data) if order.data else mnist_of_all(kept)
        Trainer(order, data, inbox, outbox, saving=saving).work()
    except MemoryError:
        outbox.send(failed(order, "There is not enough memory for this run."))
    except (ValueError, OSError) as error:
        what = "go on" if order.checkpoint else "begin"
        outbox.send(failed(order, f"The run can't {what}: {error}."))
    else:
        return 0
    finally:
        outbox.close()
    return 1


def failed(order: Order, reason: str) -> Report:
    """What is said of a run that can't be worked on: it stays as it was saved."""
    rate = order.config.learning_rate
    files = RunFolder(Path(order.folder))
    state, _ = files.load_state(RunState(files.path.name, order.config, learning_rate=rate))
    return Report(
        "failed", state.learning_rate, reason, progress=state.progress, seconds=state.seconds,
        images_per_second=state.images_per_second, saved_step=state.saved_step,
    )  # fmt: skip


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Stdin and stdout for messages alone: whatever else prints goes to stderr."""
    # Unbuffered, since a buffer that a thread is waiting on can't be closed when Python ends.
    commands = open(os.dup(0), "rb", buffering=0)  # noqa: SIM115
    reports = open(os.dup(1), "wb")  # noqa: SIM115
    os.dup2(2, 1)
    return commands, reports  # type: ignore[return-value]


def make_way(niceness: int = NICENESS) -> None:
    """Let the page answer first; before, somebody waited for the first point of the curve."""
    if hasattr(os, "setpriority"):
        # On Linux this is for the main thread, which trains: reports still leave at once.
        us = os.PRIO_PROCESS, os.getpid()
        os.setpriority(*us, os.getpriority(*us) + niceness)


def live_with_owner(
    stream: BinaryIO, take: Callable[[Message], object], leave: Callable[[], object] = lambda: None
) -> None:
    """Hand on messages until the owner is gone, and then leave, and end this process at once.

    For processes of which nothing is to be kept.
    """
    try:
        while (message := read_message(stream)) is not None:
            take(message)
    finally:  # at the end of the file, or of a message that was cut off
        leave()
        os._exit(0)


def _listen_to_signals(inbox: Inbox) -> None:
    """SIGTERM saves and ends; Ctrl-C is for the server, which ends us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def save_and_end(number: int, frame: object) -> None:
        inbox.put(Stop("The training process was told to end by the system."))

    signal.signal(signal.SIGTERM, save_and_end)
    if hasattr(signal, "SIGHUP"):  # the terminal was closed
        signal.signal(signal.SIGHUP, save_and_end)


def _listen(stream: BinaryIO, inbox: Inbox, saving: threading.Lock) -> None:
    """Hand on commands until the owner is gone, or says what nobody understands."""
    command: Command | OwnerGone
    try:
        while (message := read_message(stream)) is not None:
            inbox.put(read_command(message))
        command = OwnerGone()
    except ProtocolError as error:
        command = Stop(f"The run was stopped, since it was told something unknown ({error}).")
    inbox.put(command)
    if isinstance(command, OwnerGone):
        # One step of a large network may take long, but nobody is there to wait for it.
        timer = threading.Timer(GRACE, _leave, (saving,))
        timer.daemon = True
        timer.start()


def _leave(saving: threading.Lock) -> None:
    """End at once, but not in the middle of a save: that of a large network takes long."""
    saving.acquire(timeout=SAVING)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
