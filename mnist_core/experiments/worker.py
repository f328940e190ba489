"""The process that trains runs of an experiment, one after the other, as its owner asks for them.
Orders come on its stdin and results go to its stdout, as messages of runs/protocol.py.
"""

import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from mnist_core.data.shared import read_shared
from mnist_core.experiments.jobs import Job, answer_message, carry_out, read_job
from mnist_core.runs.protocol import read_message, write_message
from mnist_core.runs.worker import make_way, own_pipes


def main() -> None:
    """Train what is asked for until the owner is gone."""
    orders, results = own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who ends us
    folder = Path(sys.argv[1])
    data = read_shared(folder)
    make_way(int(sys.argv[2]))
    jobs: SimpleQueue[Job] = SimpleQueue()
    listening = threading.Thread(target=_listen, args=(orders, jobs, folder), daemon=True)
    listening.start()
    try:
        while True:
            for answer in carry_out(jobs.get(), data):
                write_message(results, answer_message(answer))
    except BrokenPipeError:  # the owner is gone, as _listen is about to see, or cleans up already
        listening.join()


def _listen(orders: BinaryIO, jobs: SimpleQueue[Job], folder: Path) -> None:
    """Hand on jobs until the owner is gone, and then end at once: nothing of ours is to be kept."""
    try:
        while (message := read_message(orders)) is not None:
            jobs.put(read_job(message))
    finally:  # at the end of the file, or of a message that was cut off
        shutil.rmtree(folder, ignore_errors=True)  # an owner that was killed could not do it
        os._exit(0)


if __name__ == "__main__":
    main()
