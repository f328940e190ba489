"""The process that does long work: `python -m mnist_core.long_work.worker NICENESS`.
It gives a result for each order on its stdin, and ends when that closes, as its owner has died.
"""

import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from queue import SimpleQueue

from mnist_core.long_work.work import Failure, Result, answer_message, begun, read_order
from mnist_core.runs.protocol import ALIVE, Message, write_message
from mnist_core.runs.worker import live_with_owner, make_way, own_pipes


def main() -> None:
    """Give what is asked for until the owner is gone."""
    orders, answers = own_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the owner, with whom we end
    make_way(int(sys.argv[1]))
    waiting: SimpleQueue[Message] = SimpleQueue()
    threading.Thread(target=live_with_owner, args=(orders, waiting.put), daemon=True).start()
    known: dict[int, Iterator[Result]] = {}
    try:
        write_message(answers, ALIVE)
        while True:
            write_message(answers, carry_out(waiting.get(), known))
    except BrokenPipeError:  # the owner is gone, as live_with_owner is about to see
        os._exit(0)


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
