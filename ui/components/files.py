"""A component's files, put together when the server starts."""

from collections.abc import Sequence
from pathlib import Path

from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer


def component_of(name: str, module_file: str, *, scripts: Sequence[str]) -> ComponentRenderer:
    """The component of the folder that a module lies in: component.html, component.css, scripts.

    The scripts become one module in the order that they are named; only the last exports anything.
    """
    folder = Path(module_file).parent
    return component(
        name,
        html=(folder / "component.html").read_text(encoding="utf-8"),
        css=(folder / "component.css").read_text(encoding="utf-8"),
        js="\n".join((folder / script).read_text(encoding="utf-8") for script in scripts),
    )
