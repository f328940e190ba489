"""`serve`: what Streamlit is told, and what is refused before it starts."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_core.cli.main import main
from mnist_core.paths import APP


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that `serve` has become."""
    begun: list[list[str]] = []

    def become(_: str, words: list[str], environment: dict[str, str]) -> None:
        assert environment["HOME"]  # Streamlit does not start without one
        begun.append(words)
        raise SystemExit

    monkeypatch.setattr(os, "execve", become)
    monkeypatch.setattr("subprocess.call", lambda words, env: become("", words, env))
    return begun


def test_serve_becomes_streamlit_with_what_was_asked_for(begun: list[list[str]]) -> None:
    for options in ([], ["--address", "127.0.0.1", "--prefix", "lab", "--embed"]):
        with pytest.raises(SystemExit):
            main(["serve", *options])
    start = [sys.executable, "-P", "-m", "streamlit", "run", str(APP)]
    asked = ["address=127.0.0.1", "baseUrlPath=lab", "enableXsrfProtection=false"]
    assert begun == [start, [*start, *(f"--server.{words}" for words in asked)]]


def test_a_user_without_a_home_is_served_too(
    begun: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("HOME", raising=False)
    with pytest.raises(SystemExit):
        main(["serve"])
    assert len(begun) == 1


# What Streamlit does before it listens, with the settings of the program.
PREPARED = """
from streamlit import config
from streamlit.web.server.starlette.starlette_app import create_streamlit_middleware
from mnist_core.paths import APP
config._main_script_path = str(APP)
create_streamlit_middleware()
"""


def test_a_folder_that_can_not_be_read_keeps_no_server_from_starting(tmp_path: Path) -> None:
    # A folder cannot be read as a file either, whoever we are.
    (tmp_path / ".streamlit" / "secrets.toml").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-c", PREPARED],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(APP.parent), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


def no_home() -> Path:
    """As for a number that is no user's, in a container."""
    raise RuntimeError("Could not determine home directory.")


def test_a_port_that_is_in_use_or_none_is_refused_in_a_line(
    begun: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--address", "127.0.0.1", "--port", str(port)]) == 2
    assert main(["serve", "--port", "70000"]) == 2
    in_use, impossible = capsys.readouterr().err.splitlines()
    assert in_use.startswith(f"mnist_core serve: 127.0.0.1 port {port} can't be used (")
    assert in_use.endswith("): choose another with --port")
    assert impossible == "mnist_core serve: --port must be from 1 to 65535, not 70000"
    assert not begun


def test_without_streamlit_serve_says_how_to_get_it(
    begun: list[list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["serve"]) == 2
    said = "mnist_core serve: streamlit is missing: pip install -r requirements.txt\n"
    assert capsys.readouterr().err == said
    assert not begun
