"""A server started as README says, and what it takes, the processes of its trainings included."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_LIMIT = 60  # seconds


@dataclass(frozen=True)
class Taken:
    """What a server and its children have taken so far, or hold now."""

    processor_ms: int
    front_end_ms: int  # of that: without the trainings
    memory_mb: float  # PSS: what several of them share is counted once
    front_end_mb: float  # of that: without the trainings
    processes: int
    threads: int
    descriptors: int
    temporary_files: int
    stored_files: int  # of runs, which are kept: as many as README says

    def named(self) -> dict[str, float]:
        """As JSON has it."""
        return asdict(self)


@dataclass(frozen=True)
class Server:
    """A server on this machine; `process` is None for one that somebody else has started."""

    port: int
    folder: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    def log(self) -> str:
        """What the server has printed; "" of one that somebody else has started."""
        return (self.folder / "log").read_text(errors="replace") if self.folder else ""

    def taken(self) -> Taken | None:
        """None where it can't be known: another's server, or a system without /proc."""
        if self.process is None or self.folder is None or not Path("/proc/self/stat").is_file():
            return None
        ids = _with_children(self.process.pid)
        stats = [stat for id in ids if (stat := _stat(id))]
        tick = 1000 / os.sysconf("SC_CLK_TCK")
        memory = [_memory_mb(id) for id in ids]
        return Taken(
            # Fields as in proc(5), after the name: user and system time, of ended children too.
            processor_ms=round(tick * sum(sum(map(int, stat[11:15])) for stat in stats)),
            front_end_ms=round(tick * sum(map(int, stats[0][11:13]))) if stats else 0,
            memory_mb=round(sum(memory), 1),
            front_end_mb=round(memory[0], 1),
            processes=len(stats),
            threads=sum(int(stat[17]) for stat in stats),
            descriptors=sum(_descriptors(id) for id in ids),
            temporary_files=_files(self.folder / "tmp"),
            stored_files=_files(self.folder / "runs"),
        )


@contextmanager
def started() -> Iterator[Server]:
    """A server of one's own on a free port, with folders of its own; it is stopped at the end."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, port = Path(name), free_port()
        (folder / "tmp").mkdir()
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
        folders = {"DIGIT_LAB_RUNS": str(folder / "runs"), "TMPDIR": str(folder / "tmp")}
        # The log is a file: a pipe that nobody reads would stop the server when it is full.
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--server.address=127.0.0.1", f"--server.port={port}"],
                cwd=ROOT,
                env=os.environ | folders,
                stdout=log,
                stderr=log,
            )
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}", process)
            yield Server(port, folder, process)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until_healthy(address: str, server: subprocess.Popen[bytes]) -> None:
    """Return as soon as a server that was started answers.

    Raises:
        OSError: If it has ended, or takes longer than START_LIMIT.
    """
    end = time.monotonic() + START_LIMIT
    while time.monotonic() < end and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
            return
        time.sleep(0.05)
    raise OSError(f"no server at {address}; its exit status: {server.poll()}")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _with_children(process: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (stat := _stat(int(entry.name))):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    ids = [process]
    for id in ids:  # it grows while it is walked through
        ids += children.get(id, [])
    return ids


def _stat(process: int) -> list[str] | None:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return None


def _memory_mb(process: int) -> float:
    """Its own pages, and its part of those that it shares with others (PSS)."""
    with suppress(OSError):
        found = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in found if line.startswith("Pss:")) / 1024
    return 0.0


def _files(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def _descriptors(process: int) -> int:
    with suppress(OSError):
        return len(os.listdir(f"/proc/{process}/fd"))
    return 0
