"""`serve`: the pages, from Streamlit, with the settings of .streamlit/config.toml beside app.py.
Streamlit reads that file wherever it is started; what the options say goes before it.
"""

import argparse
import importlib.util
import os
import socket
import subprocess
import sys

from mnist_core.cli.parser import Command, whole_number
from mnist_core.paths import APP, home

USUAL_PORT = 8501  # Streamlit's
EVERYWHERE = "0.0.0.0"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where the pages are to be found."""
    parser.add_argument(
        "--port", type=whole_number, metavar="N",
        help=f"The port. Default: STREAMLIT_SERVER_PORT, or {USUAL_PORT}, or if that is in use the "
        "next one that is free.",
    )  # fmt: skip
    parser.add_argument(
        "--address", metavar="ADDRESS",
        help="Who can reach it: 127.0.0.1 is this computer alone, 0.0.0.0 every network. Default: "
        "STREAMLIT_SERVER_ADDRESS, or every network.",
    )  # fmt: skip
    parser.add_argument(
        "--prefix", metavar="PATH",
        help="What addresses begin with behind a proxy, as lab for https://example.org/lab. "
        "Default: none.",
    )  # fmt: skip
    parser.add_argument(
        "--embed", action="store_true",
        help="Files can be uploaded in a frame of another site's page, where browsers keep back "
        "the cookie that guards uploads: this goes without that guard. Default: with it.",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Become the server (on Windows, wait for it); ValueError for what keeps it from starting."""
    if importlib.util.find_spec("streamlit") is None:
        raise ValueError("streamlit is missing: pip install -r requirements.txt")
    if options.port is not None:
        _try_port(options.address or EVERYWHERE, options.port)
    # -P: what lies in the folder that we are in must not be taken for a library.
    words = [sys.executable, "-P", "-m", "streamlit", "run", str(APP), *flags(options)]
    sys.stdout.flush()
    environment = {"HOME": str(home())} | os.environ  # Streamlit does not start without one
    if os.name == "posix":
        os.execve(sys.executable, words, environment)
    return subprocess.call(words, env=environment)


def flags(options: argparse.Namespace) -> list[str]:
    """What Streamlit is told of the options that were given."""
    given = {
        "server.port": options.port,
        "server.address": options.address,
        "server.baseUrlPath": options.prefix,
        "server.enableXsrfProtection": "false" if options.embed else None,
    }
    return [f"--{name}={value}" for name, value in given.items() if value is not None]


def _try_port(address: str, port: int) -> None:
    """ValueError if nobody can be served there."""
    if not 1 <= port <= 65535:
        raise ValueError(f"--port must be from 1 to 65535, not {port}")
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name == "posix":  # elsewhere it would let two servers have one port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(
            f"{address} port {port} can't be used ({reason}): choose another with --port"
        ) from None


COMMAND = Command(
    "serve", "Open the pages in a browser, from a server.", add_options, run, has_json=False
)
