"""Imports run one way: every room may use those before it in a list, and none after it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A file may import from rooms that stand before its own. The files of a folder are one room, whose
# own order is its affair; pages are a folder each, and never import one another.
ROOMS = [
    "mnist_core.arrays",
    "mnist_core.paths",
    "mnist_core.files",
    "mnist_core.words",
    "mnist_core.data",
    "mnist_core.preprocess",
    "mnist_core.handwriting",
    "mnist_core.nn",
    "mnist_core.training",
    "mnist_core",  # the public doors in its __init__.py
    "mnist_core.inspection",
    "mnist_core.evaluation",
    "mnist_core.figures",
    "mnist_core.report",
    "mnist_core.runs",
    "mnist_core.long_work",
    "mnist_core.experiments",
    "mnist_core.cli",
    "mnist_core.__main__",
    "ui",
    "ui.theme",
    "ui.words",
    "ui.html",
    "ui.glossary",
    "ui.links",
    "ui.door",
    "ui.choices",
    "ui.pixels",
    "ui.pages",
    "ui.components",
    "ui.chosen_unit",
    "ui.charts",
    "ui.session",
    "ui.frozen",
    "ui.frugal",
    "ui.chosen_step",
    "ui.live",
    "ui.jobs",
    "ui.reruns",
    "ui.server",
    "ui.run_words",
    "ui.diagnosing",
    "ui.drawing",
    "ui.own",
    "ui.networks",
    "ui.settings",
    "ui.train",
    "ui.draw",
    "ui.weights",
    "ui.backprop",
    "ui.evaluate",
    "ui.experiments",
    "app",
]
PAGES = ["ui.train", "ui.draw", "ui.weights", "ui.backprop", "ui.evaluate", "ui.experiments"]
SOURCES = sorted(
    path.relative_to(ROOT)
    for path in [ROOT / "app.py", *ROOT.glob("mnist_core/**/*.py"), *ROOT.glob("ui/**/*.py")]
    if path.exists()
)
# What may be imported besides the standard library and our own rooms.
FOREIGN = {
    "mnist_core": {"numpy"},
    "mnist_core.data.own_digits": {"numpy", "PIL"},  # its ZIP holds pictures for people
    "mnist_core.preprocess": {"numpy", "PIL"},
    "mnist_core.experiments.onnx_file": {"numpy", "onnx"},  # an extra, for this form alone
    "mnist_core.runs.cluster": {"numpy", "dask", "distributed"},
    "ui": {"numpy", "PIL", "plotly", "streamlit"},
    "ui.charts": {"numpy", "plotly"},
    "app": {"streamlit"},
}


def module_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def longest_prefix(name: str, known) -> str | None:
    """The longest of the known dotted names that `name` is or lies in."""
    fitting = [prefix for prefix in known if name == prefix or name.startswith(prefix + ".")]
    return max(fitting, key=len, default=None)


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, anywhere in it, by their full names."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            beginning = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*beginning, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:  # `from package import module` imports the module
                inner = f"{module}.{alias.name}"
                yield inner if is_module(inner) else module


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_room_imports_only_rooms_before_it(path):
    name = module_name(path)
    room = longest_prefix(name, ROOMS)
    own_room = {"mnist_core", "ui"}  # of these two only __init__.py itself
    assert room in ROOMS and (room not in own_room or name == room), (
        f"{name} needs a place in ROOMS"
    )
    for imported in imports(path):
        if imported.split(".")[0] not in ("mnist_core", "ui", "app"):
            continue
        target = longest_prefix(imported, ROOMS)
        if room == target:
            continue
        assert room not in PAGES or target not in PAGES, f"{name} imports the page {imported}"
        assert target in ROOMS[: ROOMS.index(room)], f"{name} imports {imported}"


@pytest.mark.parametrize("path", SOURCES, ids=str)
def test_a_room_imports_only_the_libraries_that_it_may(path):
    name = module_name(path)
    allowed = FOREIGN[longest_prefix(name, FOREIGN) or ""] | {"mnist_core", "ui"}
    foreign = {imported.split(".")[0] for imported in imports(path)} - sys.stdlib_module_names
    assert foreign <= allowed


def test_the_core_runs_without_any_library_but_numpy():
    # Whatever else is installed is hidden; only rooms of pictures may ask for Pillow.
    code = (
        "import sys\n"
        "for name in ('PIL', 'streamlit', 'plotly', 'pandas', 'scipy', 'onnx'):\n"
        "    sys.modules[name] = None\n"
        "from mnist_core import load_mnist, load_model\n"
        "from mnist_core.training import train\n"
        "from mnist_core.nn import gradient_check\n"
        "from mnist_core.runs import local, worker\n"
        "from mnist_core.experiments import export\n"
        "assert len(load_mnist().test) == 10_000\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_package_itself_does_not_import_numpy():
    # The command line must set the number of BLAS threads first.
    code = "import mnist_core, sys; sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_the_one_way_rule_would_find_an_import_of_the_wrong_way(tmp_path, monkeypatch):
    for name, content in {
        "mnist_core/data/one.py": "from mnist_core import nn",
        "mnist_core/nn/__init__.py": "",
        "mnist_core/nn/two.py": "from . import three",
        "mnist_core/nn/three.py": "from ..data.one import x",
        "ui/train/page.py": "from ..draw.page import x",
        "ui/draw/page.py": "import mnist_core.nn.two",
        "ui/weights/page.py": "from ui.draw import page",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert list(imports(Path("mnist_core/nn/two.py"))) == ["mnist_core.nn.three"]
    test_a_room_imports_only_rooms_before_it(Path("mnist_core/nn/two.py"))
    test_a_room_imports_only_rooms_before_it(Path("mnist_core/nn/three.py"))
    test_a_room_imports_only_rooms_before_it(Path("ui/draw/page.py"))
    for wrong in ("mnist_core/data/one.py", "ui/train/page.py", "ui/weights/page.py"):
        with pytest.raises(AssertionError, match="imports"):
            test_a_room_imports_only_rooms_before_it(Path(wrong))
