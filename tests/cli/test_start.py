"""How the command line begins: what may happen while its libraries are imported."""

import subprocess
import sys

import pytest

from tests.cli.conftest import ROOT

# `python -m mnist_core evaluate mlp`, and Ctrl-C when a certain module is about to be imported.
PRESSED = """
import runpy, signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == sys.argv[-1]:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, {handler})
runpy.run_module("mnist_core", run_name="__main__", alter_sys=True)
"""


def pressed(name: str, handler: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", PRESSED.format(handler=handler), "evaluate", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("name", ["typing", "mnist_core.cli", "argparse", "numpy", "PIL.Image"])
def test_ctrl_c_during_the_imports_is_a_quiet_end(name):
    done = pressed(name, "signal.default_int_handler")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_ctrl_c_that_is_ignored_stays_ignored_during_the_imports():
    done = pressed("numpy", "signal.SIG_IGN")
    assert (done.returncode, done.stdout) == (2, "")  # there is no network of that name
    assert done.stderr == "mnist_core evaluate: there is no file numpy\n"


def test_a_library_that_is_missing_is_named():
    done = subprocess.run(
        [sys.executable, "-S", "-m", "mnist_core", "evaluate", "mlp"],  # without site-packages
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "numpy is missing: pip install -r requirements.txt\n"
