"""A slider over steps, those of a run or any others, for what follows the hand.

Streamlit's own slider waits for a fifth of a second before it says that it was moved; this one says
so while it moves, so that pictures, curves and answers follow the hand.
"""

from collections.abc import Callable

from ui.components.files import component_of
from ui.components.said import said


def step_slider(
    label: str,
    step: int,
    last: int,
    *,
    key: str,
    on_move: Callable[[int, bool], None],
    words: str = "",
) -> None:
    """A slider from 0 to `last` that stands at `step`.

    `on_move` gets the step that it is moved to, and whether the hand has come to rest there.
    `words` are read aloud for the step, if its number says little.
    """

    def moved() -> None:
        match said(key, "step"):
            case [int() | float() as to, bool(rests)]:
                # Before it is made a whole number: NaN becomes 0 here, and infinity the last one.
                on_move(int(min(max(0, to), last)), rests)

    _mount(
        key=key,
        data={"label": label, "step": step, "last": last, "words": words},
        default={"step": None},
        on_step_change=moved,
    )


_mount = component_of("digit_lab_step_slider", __file__, scripts=("component.js",))
