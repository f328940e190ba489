"""What pyproject.toml makes of the checkout: a package that finds its files wherever it lies."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
SOURCES = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]

# What an installed program says of itself, asked from a folder that is not its own.
ASKED = """
import contextlib, io, json, sys
sys.path.append(sys.argv[1])  # Streamlit does so with the folder of app.py
from mnist_core import load_mnist, load_model, paths
from mnist_core.cli.main import main
from mnist_core.nn.functional import softmax
from streamlit import config
from ui.backprop.code import _lines
config._main_script_path = str(paths.APP)  # as `streamlit run` does
with contextlib.redirect_stderr(io.StringIO()) as complained:
    main(["serve", "--port", "70000"])
print(json.dumps({
    "app": str(paths.APP),
    "called": paths.COMMAND_LINE,
    "complains as": complained.getvalue().partition(":")[0],
    "images": len(load_mnist().test),
    "answers": len(load_model("cnn").predict_proba(load_mnist().test.images[:1])[0]),
    "code": "mnist_core/nn/functional.py" in _lines(softmax).place,
    "upload": config.get_option("server.maxUploadSize"),
    "blue": config.get_option("theme.light.primaryColor"),
}))
"""


def in_the_wheel(path: str) -> str:
    """Where a file or folder of the checkout lies in the wheel."""
    moved: dict[str, str] = {**WHEEL["sources"], **WHEEL["force-include"]}
    top, _, rest = path.partition("/")
    return "/".join(filter(None, (moved.get(top, top), rest)))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with what the wheel would put there; what only lies around is linked."""
    for path in [*WHEEL["only-include"], *WHEEL["force-include"]]:
        target = tmp_path / "site" / in_the_wheel(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path == "mnist_core":  # which would find the checkout through a link
            shutil.copytree(ROOT / path, target)
        else:
            target.symlink_to(ROOT / path)
    return tmp_path / "site"


def test_a_wheel_finds_its_files_and_settings_from_any_folder(site: Path, tmp_path: Path) -> None:
    home = site / "digit_lab"
    done = subprocess.run(
        [sys.executable, "-c", ASKED, str(home)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(site), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == {
        "app": str(home / "app.py"),
        "called": ["digit-lab"],
        "complains as": "digit-lab serve",
        "images": 10_000,
        "answers": 10,
        "code": True,
        "upload": 94,
        "blue": "#1557c0",
    }


def test_the_wheel_has_what_runs_and_no_tests() -> None:
    packed = {*WHEEL["only-include"], *WHEEL["force-include"]}
    assert packed == {"mnist_core", "ui", "app.py", "assets", ".streamlit/config.toml"}
    assert packed < set(SOURCES)  # of which the wheel may be built
    assert all((ROOT / path).exists() for path in SOURCES)


def test_the_lists_of_dependencies_are_the_requirements() -> None:
    hook = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["requirements_txt"]
    assert hook["files"] == ["requirements.txt"]
    extras = {name: [f"requirements-{name}.txt"] for name in ("export", "cluster")}
    assert hook["optional-dependencies"] == extras
    assert "dependencies" not in PROJECT["project"]
