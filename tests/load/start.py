"""How long it takes from the start of a server to its first page.

    .venv/bin/python -m tests.load.start --times 5

Each time a server is started as README says, and its first page is asked for over its websocket as
soon as it answers. The last line of what is printed is JSON: medians of all but the first start,
which reads the files from the disk.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from statistics import median

from tests.load.browser import Tab
from tests.load.served import started


async def look(port: int) -> None:
    """Have the first page, whole."""
    async with Tab(port, ""):
        pass


def one_start() -> tuple[float, int]:
    """Seconds until the first page is there, and the milliseconds of a processor that took."""
    begin = time.monotonic()
    with started() as server:
        asyncio.run(look(server.port))
        seconds, taken = time.monotonic() - begin, server.taken()
    return seconds, taken.processor_ms if taken else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status."""
    parser = argparse.ArgumentParser("python -m tests.load.start", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--times", type=int, default=5, help="starts, at least 2")
    options = parser.parse_args(arguments)
    starts = [one_start() for _ in range(max(2, options.times))]
    for seconds, milliseconds in starts:
        print(f"{seconds:.2f} s, {milliseconds} ms of a processor")
    seconds, milliseconds = map(median, zip(*starts[1:], strict=True))
    print(json.dumps({"seconds": round(seconds, 2), "processor_ms": milliseconds}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
