"""Components of several files: their code reaches the browser once.

Streamlit sends a component whose data have changed with all of its HTML, CSS and JavaScript, 30 kB
for the canvas, ten times a second while somebody draws. So these lie in one element of the page
that never changes (`component_code`), and what is shown where is a few lines that look for them.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from streamlit.components.v2 import component
from streamlit.components.v2.types import ComponentRenderer

_EXPORT = "export default function"
_code: dict[str, str] = {}  # JavaScript that makes each component known, by name

# What stands in a component's place, and travels with its data: a call is handed on as soon as the
# code is there.
_PLACE = """export default (call) => {
  if (window.digitLab) return digitLab.mount(%s, call);
  const waits = { name: %s, call };
  (window.digitLabWaits ??= []).push(waits);
  return () => (waits.end ? waits.end() : (waits.left = true));
};"""

# What makes a component known: its elements are put into each place once, then its own code runs.
_KNOWN = """
known[%(name)s] = {
  elements: %(elements)s,
  code: (() => {
    %(code)s
    return shown;
  })(),
};
"""

_CODE = """
const known = {};
%s
window.digitLab = {
  mount(name, call) {
    const place = call.parentElement.querySelector(".place");
    if (!place.hasChildNodes()) place.innerHTML = known[name].elements;
    return known[name].code(call);
  },
};
for (const waits of window.digitLabWaits ?? []) {
  try {
    if (!waits.left) waits.end = digitLab.mount(waits.name, waits.call);
  } catch (error) {
    reportError(error); // in the console; the others are mounted all the same
  }
}
window.digitLabWaits = [];
export default () => {};
"""


def component_of(
    name: str,
    module_file: str,
    *,
    scripts: Sequence[str],
    styles: Sequence[str] = ("component.css",),
) -> ComponentRenderer:
    """The component of the folder that a module lies in: component.html, styles and scripts.

    The scripts become one in the order that they are named; only the last exports anything, a
    function that is called with every change. The page must show `component_code` before it.
    """
    folder = Path(module_file).parent
    html = _text(folder / "component.html")
    css = "\n".join(_text(folder / style) for style in styles)
    code = "\n".join(_text(folder / script) for script in scripts)
    if code.count(_EXPORT) != 1:
        raise ValueError(f"the scripts of {name} must have one {_EXPORT!r}")
    _code[name] = _KNOWN % {
        "name": json.dumps(name),
        "elements": json.dumps(f"<style>{css}</style>{html}"),
        "code": code.replace(_EXPORT, "const shown = function"),
    }
    return component(
        name, html="<div class=place></div>", js=_PLACE % (json.dumps(name), json.dumps(name))
    )


def component_code() -> None:
    """Bring the code of all components to the browser; to be called once on every page."""
    _whole_code()(key="code")


@cache
def _whole_code() -> ComponentRenderer:
    """Made with the first page: all components are known then."""
    js = _CODE % "".join(_code.values())
    return component("digit_lab_code", html="<span hidden></span>", js=js)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
