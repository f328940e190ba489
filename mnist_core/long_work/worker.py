"""The process that does long work: `python -m mnist_core.long_work.worker NICENESS`.
It gives a result for each order on its stdin, and ends when that closes, as its owner has died.
While it works on one it says twice a second that it is alive.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue
from time import sleep
from typing import BinaryIO

from mnist_core.long_work.work import Failure, Result, answer_message, begun, read_order
from mnist_core.runs.outbox import ALIVE_EVERY
from mnist_core.runs.protocol import ALIVE, Message, write_message
from mnist_core.runs.worker import live_with_owner, make_way, own_pipes


def main() -> None:
    """Give what is asked for until the owner is gone."""
    orders, answers = own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, with whom we end
    voice = Voice(answers)  # before it makes way: this is heard beside whatever works
    make_way(int(sys.argv[1]))
    waiting: SimpleQueue[Message] = SimpleQueue()
    threading.Thread(target=live_with_owner, args=(orders, waiting.put), daemon=True).start()
    known: dict[int, Iterator[Result]] = {}
    try:
        write_message(answers, ALIVE)
        while True:
            order = waiting.get()
            voice.begin()
            voice.answer(carry_out(order, known))
    except BrokenPipeError:  # the owner is gone, as live_with_owner is about to see
        os._exit(0)


class Voice:
    """Says that this process is alive until it has an answer: nobody hears it before an order."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers, self._speaking = answers, threading.Lock()
        self._at_work = threading.Event()
        threading.Thread(target=self._stay_heard, daemon=True).start()

    def begin(self) -> None:
        """An answer is due from now on."""
        self._at_work.set()

    def answer(self, message: Message) -> None:
        """Give it."""
        with self._speaking:
            self._at_work.clear()
            write_message(self._answers, message)

    def _stay_heard(self) -> None:
        while self._at_work.wait():
            sleep(ALIVE_EVERY)
            with self._speaking, suppress(OSError):  # the owner is gone, as others see, too
                if self._at_work.is_set():
                    write_message(self._answers, ALIVE)


def carry_out(message: Message, known: dict[int, Iterator[Result]]) -> Message:
    """The answer to an order; `known` is the work that has been begun, by its numbers."""
    try:
        order = read_order(message)
        for number in known.keys() - order.living:
            del known[number]
        if order.work is not None:
            known[order.number] = begun(order.work, order.done)
        return answer_message(next(known[order.number], None))
    except Exception as error:
        return answer_message(Failure(str(error) or type(error).__name__, traceback.format_exc()))


if __name__ == "__main__":
    main()
