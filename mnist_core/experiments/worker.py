"""The process that trains runs of an experiment, one after the other, as its owner asks for them.
Orders come on its stdin and results go to its stdout, as messages of runs/protocol.py.
"""

import shutil
import signal
import sys
import threading
from pathlib import Path
from queue import SimpleQueue

from mnist_core.data.shared import KEPT, read_shared
from mnist_core.experiments.jobs import Job, answer_message, carry_out, read_job
from mnist_core.runs.protocol import Message, write_message
from mnist_core.runs.worker import live_with_owner, make_way, own_pipes


def main() -> None:
    """Train what is asked for until the owner is gone."""
    orders, results = own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, who ends us
    folder = Path(sys.argv[1])
    data = read_shared(folder)
    make_way(int(sys.argv[2]))
    jobs: SimpleQueue[Job] = SimpleQueue()

    def take(message: Message) -> None:
        jobs.put(read_job(message))

    def leave() -> None:
        if folder.name != KEPT:  # a temporary one: an owner that was killed could not remove it
            shutil.rmtree(folder, ignore_errors=True)

    listening = threading.Thread(target=live_with_owner, args=(orders, take, leave), daemon=True)
    listening.start()
    try:
        while True:
            for answer in carry_out(jobs.get(), data):
                write_message(results, answer_message(answer))
    except BrokenPipeError:  # the owner is gone, as live_with_owner is about to see, or has seen
        listening.join()


if __name__ == "__main__":
    main()
