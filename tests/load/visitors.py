"""Visitors who draw, trainings and evaluations beside them, and open pages, on a server here.

    .venv/bin/python -m tests.load.visitors --visitors 100 --trainings 2 --seconds 30

They speak to the server as browsers do, over its websocket, and trainings are begun by the button
of the Train page. So what is measured is the server alone: from a movement of the pen to its
answer. The last line of what is printed is JSON. Exit status 2 if a visitor got an error.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field

import numpy as np

from mnist_core.preprocess.pen import Stroke
from tests.load.browser import PageError, Tab
from tests.load.served import Server, Taken, started
from ui.components.canvas import Drawing, journal_text

POINTS = 60  # of a drawn digit
PIECES = 9  # messages that a stroke is sent in, as it grows
SEND_EVERY = 0.09  # seconds between them, as in the canvas's messages.js
TRAINING = "epochs=100"  # longer than any measurement
EVALUATION = "look=Robustness&network=cnn&against=mlp"
SAMPLE_EVERY = 30.0  # seconds of a soak
WARM_UP = 1 / 3  # of a soak: what is loaded and kept by then is no growth
COMING_AND_GOING = 10  # visitors of a soak
STAYS = (5.0, 20.0)  # seconds that each of them stays
SHORT_TRAINING = "epochs=4"  # one after the other in a soak
LOADED = 3  # visitors before the first measurement: what a used server has loaded is no growth


@dataclass
class Noted:
    """What visitors noticed: milliseconds and bytes of each answer, and what went wrong."""

    milliseconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def pieces_of_a_stroke(rng: random.Random) -> list[str]:
    """A digit drawn in one stroke, in the canvas's words: what is new in each of its messages."""
    angle = np.linspace(0, 6.0 + rng.random(), POINTS)
    wide, high = 0.14 + 0.08 * rng.random(), 0.26 + 0.1 * rng.random()
    points = np.stack(
        [0.5 + wide * np.cos(angle), 0.5 + high * np.sin(angle), np.ones(POINTS)], axis=1
    )
    text = journal_text(Drawing((Stroke(points.astype(np.float32), 0.08),)))
    begin = len(text) - 5 * POINTS  # the first word has a sign and the brush, too
    ends = [begin + 5 * (POINTS * piece // PIECES) for piece in range(1, PIECES + 1)]
    return [text[a:b] for a, b in zip([0, *ends], ends, strict=False)]


async def draw(tab: Tab, rng: random.Random, before: str, noted: Noted, stop: float) -> str:
    """A digit on a new sheet, each piece when the one before is answered; the sheet's name."""
    name, sent = f"{rng.getrandbits(40):x}", 0
    for piece in pieces_of_a_stroke(rng):
        size, begin = tab.received, time.monotonic()
        if begin > stop and sent:
            break
        await tab.write("canvas", {"ink": f"{name} {sent} {piece}" + f" {before} " * (not sent)})
        noted.milliseconds.append(1000 * (time.monotonic() - begin))
        noted.sizes.append(tab.received - size)
        sent += len(piece)
        await asyncio.sleep(SEND_EVERY)
    return name


async def visit(port: int, noted: Noted, stop: float, pause: float, seed: int) -> None:
    """Somebody who draws digit after digit until the end, with pauses."""
    rng = random.Random(seed)
    await asyncio.sleep(rng.random() * pause)
    async with Tab(port, "draw") as tab:
        sheet = ""
        while time.monotonic() < stop:
            sheet = await draw(tab, rng, sheet, noted, stop)
            await asyncio.sleep(pause * (0.5 + rng.random()))


async def train(port: int, stop: float, query: str) -> None:
    """Somebody who starts a training and watches it until the end."""
    async with Tab(port, "", query) as tab:
        await tab.press("start")
        await watch(tab, stop)


async def evaluate(port: int, stop: float) -> None:
    """Somebody who watches how robustness is measured; all who do so share the work."""
    async with Tab(port, "evaluate", EVALUATION) as tab:
        await watch(tab, stop)


async def watch(tab: Tab, stop: float) -> None:
    """Look again and again at what changes by itself, until it does no longer."""
    while time.monotonic() < stop and tab.timers:
        part, every = next(iter(tab.timers.items()))
        await asyncio.sleep(every)
        await tab.look(part)


async def lie_open(port: int, stop: float) -> None:
    """A page that nobody uses."""
    async with Tab(port, "draw"):
        await asyncio.sleep(max(0.0, stop - time.monotonic()))


async def without_errors(noted: Noted, what: Awaitable[object]) -> None:
    """Note what goes wrong, and let the others go on."""
    try:
        await what
    except (PageError, OSError, EOFError, TimeoutError, KeyError) as error:
        noted.errors.append(str(error) or type(error).__name__)
    except Exception as error:  # of the websocket library: a connection that was closed
        noted.errors.append(f"{type(error).__name__}: {error}")


async def measure(server: Server, options: argparse.Namespace) -> tuple[Noted, dict]:
    """All at once for the time that was asked for; what they noticed, and what the server took."""
    port, noted = server.port, Noted()
    if options.visitors:
        first = (visit(port, Noted(), 0.0, 0.0, -n) for n in range(LOADED))
        await asyncio.gather(*(without_errors(noted, one) for one in first))
    before = server.taken()
    stop = time.monotonic() + options.seconds
    some: list[Awaitable[object]] = [lie_open(port, stop) for _ in range(options.idle)]
    some += [train(port, stop, TRAINING) for _ in range(options.trainings)]
    some += [evaluate(port, stop) for _ in range(options.evaluations)]
    some += [visit(port, noted, stop, options.pause, n) for n in range(options.visitors)]
    everybody = asyncio.gather(*(without_errors(noted, one) for one in some))
    await asyncio.sleep(max(0.0, stop - 0.2 - time.monotonic()))
    during = server.taken()
    await everybody
    await asyncio.sleep(1)
    return noted, figures(noted, options, (before, during, server.taken()))


def figures(
    noted: Noted, options: argparse.Namespace, taken: Sequence[Taken | None]
) -> dict[str, object]:
    """What was measured, for JSON; `taken` is before, at the end of the drawing, and after it."""
    found: dict[str, object] = {
        "visitors": options.visitors,
        "trainings": options.trainings,
        "evaluations": options.evaluations,
        "idle": options.idle,
        "messages": len(noted.milliseconds),
        "errors": len(noted.errors),
    }
    if noted.milliseconds:
        p50, p95 = np.quantile(noted.milliseconds, [0.5, 0.95])
        found |= {"p50_ms": round(p50, 1), "p95_ms": round(p95, 1)}
        found["bytes_per_message"] = round(float(np.mean(noted.sizes)))
    before, during, after = taken
    if before and during and after:
        found |= during.named()
        found["processor_ms"] = after.processor_ms - before.processor_ms
        came = options.visitors + options.idle
        if came:
            growth = 1000 * (after.front_end_mb - before.front_end_mb) / came
            found["growth_kb_per_visitor"] = round(growth)
    return found


async def soak(server: Server, seconds: float) -> tuple[Noted, dict]:
    """Visitors who come and go, and trainings one after the other; a line every half minute."""
    noted, begin = Noted(), time.monotonic()
    stop = begin + seconds

    async def again_and_again(stay: Callable[[int, float], Awaitable[object]], seed: int) -> None:
        rng = random.Random(seed)
        while time.monotonic() < stop:
            until = min(stop, time.monotonic() + rng.uniform(*STAYS))
            await without_errors(noted, stay(rng.getrandbits(30), until))

    loops = [
        again_and_again(lambda seed, until: visit(server.port, noted, until, 1.0, seed), n)
        for n in range(COMING_AND_GOING)
    ]
    loops.append(again_and_again(lambda _, until: train(server.port, until, SHORT_TRAINING), -1))
    everybody = asyncio.gather(*loops)
    samples: list[tuple[float, Taken]] = []
    every = min(SAMPLE_EVERY, seconds / 3)
    while time.monotonic() < stop:
        await asyncio.sleep(min(every, max(0.0, stop - time.monotonic())))
        if taken := server.taken():
            samples.append((time.monotonic() - begin, taken))
            print_sample(samples)
    await everybody
    return noted, growth(samples, seconds) | {"errors": len(noted.errors)}


SAMPLED = (
    "memory_mb",
    "front_end_mb",
    "processes",
    "threads",
    "descriptors",
    "temporary_files",
    "stored_files",
)


def print_sample(samples: Sequence[tuple[float, Taken]]) -> None:
    """A row of the soak's table, the first with its head."""
    if len(samples) == 1:
        print(" ".join(f"{name:>15}" for name in ("seconds", *SAMPLED)))
    at, taken = samples[-1]
    row = [round(at), *(taken.named()[name] for name in SAMPLED)]
    print(" ".join(f"{value:>15}" for value in row), flush=True)


def growth(samples: Sequence[tuple[float, Taken]], seconds: float) -> dict[str, object]:
    """What has grown between the end of the warm-up and the end."""
    warm = [taken for at, taken in samples if at >= WARM_UP * seconds]
    found: dict[str, object] = {"soak_seconds": seconds, "samples": len(samples)}
    for name in ("memory_mb", "front_end_mb"):
        found[f"most_{name}"] = max((taken.named()[name] for _, taken in samples), default=0)
    for name in SAMPLED if warm else ():
        found[f"{name}_growth"] = round(warm[-1].named()[name] - warm[0].named()[name], 1)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status."""
    parser = argparse.ArgumentParser("python -m tests.load.visitors", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    for name, default, what in (
        ("visitors", 30, "people who draw"),
        ("trainings", 0, "trainings beside them, each on a page that watches it"),
        ("evaluations", 0, "pages beside them on which robustness is measured"),
        ("idle", 0, "open pages that do nothing"),
    ):
        parser.add_argument(f"--{name}", type=int, default=default, help=what)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long")
    parser.add_argument("--pause", type=float, default=1.5, help="seconds between two digits")
    parser.add_argument("--port", type=int, help="a server that runs; else one is started")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="come and go, for so long")
    options = parser.parse_args(arguments)
    with nullcontext(Server(options.port)) if options.port else started() as server:
        what = soak(server, options.soak) if options.soak else measure(server, options)
        noted, found = asyncio.run(what)
    if not options.soak:
        for name, value in found.items():
            print(f"{name.replace('_', ' ')}: {value}")
    for error in sorted(set(noted.errors))[:3]:
        print(f"A visitor got an error: {error}", file=sys.stderr)
    print(json.dumps(found))
    return 2 if noted.errors else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
