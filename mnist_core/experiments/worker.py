"""The process that trains runs of an experiment, one after the other, as its owner asks for them.
Orders come on its stdin and results go to its stdout, pickled: both ends are this program.
"""

import os
import pickle
import shutil
import signal
import sys
import threading
from io import BufferedReader
from pathlib import Path
from queue import SimpleQueue
from typing import BinaryIO

from mnist_core.data.shared import read_shared
from mnist_core.experiments.jobs import Job, carry_out
from mnist_core.runs.worker import make_way, own_pipes


def main() -> None:
    """Train what is asked for until the owner is gone."""
    orders, results = own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who ends us
    folder = Path(sys.argv[1])
    data = read_shared(folder)
    make_way(int(sys.argv[2]))
    jobs: SimpleQueue[Job] = SimpleQueue()
    threading.Thread(target=_listen, args=(orders, jobs, folder), daemon=True).start()
    try:
        while True:
            for message in carry_out(jobs.get(), data):
                pickle.dump(message, results)
                results.flush()
    except BrokenPipeError:  # the owner is gone, as _listen is about to see
        os._exit(0)


def _listen(orders: BinaryIO, jobs: SimpleQueue[Job], folder: Path) -> None:
    """Hand on jobs until the owner is gone, and then end at once: nothing of ours is to be kept."""
    whole = BufferedReader(orders)  # type: ignore[arg-type]  # a pipe gives long orders in pieces
    try:
        while True:
            jobs.put(pickle.load(whole))
    finally:  # at the end of the file, or of a message that was cut off
        shutil.rmtree(folder, ignore_errors=True)  # an owner that was killed could not do it
        os._exit(0)


if __name__ == "__main__":
    main()
