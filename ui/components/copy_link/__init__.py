"""A button that copies the address of the page as the browser has it, without any key to a run.

A browser lets a page write to the clipboard only where the connection is safe: on a server that is
reached by plain http the address stands in a field instead, selected.
"""

from ui.components.files import component_of


def copy_link() -> None:
    """To be called once on every page, in its menu. Nothing of it goes by the server."""
    _mount(key="copy_link", width="content")


_mount = component_of(
    "digit_lab_copy_link",
    __file__,
    scripts=("component.js",),
    styles=("component.css", "../spoken.css"),
)
