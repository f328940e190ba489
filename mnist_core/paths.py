"""Where the files that come with the program lie, and how its command line is called.
A wheel has them in a folder beside this package: see pyproject.toml. A checkout has no such folder.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # where `-m mnist_core...` can be found
_IN_A_WHEEL = ROOT / "digit_lab"
HOME = _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else ROOT
APP = HOME / "app.py"
ASSETS = HOME / "assets"
MNIST_FOLDER = ASSETS / "mnist"
MODELS_FOLDER = ASSETS / "models"
COMMAND_LINE = ("python", "-m", "mnist_core") if HOME == ROOT else ("digit-lab",)
PROGRAM = COMMAND_LINE[-1]  # what its complaints begin with


def home() -> Path:
    """The user's folder, which is that of all, as in a container, if the system knows none."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")
