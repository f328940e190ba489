"""A map of many images as points, coloured by class, that moves through the steps of a training.

All images and all steps that are known lie in the browser: pointing at an image, moving through the
steps, picking out a class need no server. Python hears afterwards which image was chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from mnist_core.arrays import CLASSES
from ui.components.files import component_of
from ui.components.pieces import pack
from ui.components.point_map.colours import class_colours
from ui.components.point_map.message import MapImages, Positions

__all__ = ["MOST_STEPS", "MapImages", "MapView", "Positions", "Step", "point_map"]

MOST_STEPS = 60  # each of them is a part of the page, and 70 kB in the browser

_mount = component_of(
    "digit_lab_point_map",
    __file__,
    scripts=(
        "../painting.js",
        "../percent.js",
        "../pieces.js",
        "message.js",
        "places.js",
        "drawing.js",
        "timeline.js",
        "plane.js",
        "map.js",
        "component.js",
    ),
    styles=("component.css", "circumstances.css"),
)


@dataclass(frozen=True)
class Step:
    """A place on the slider: its name ("step 1,234"), and the points, None while not computed."""

    name: str
    positions: Positions | None = None

    @property
    def header(self) -> dict[str, str | None]:
        """What the browser is told of it: `token` names the message that has its points."""
        token = None if self.positions is None else self.positions.token
        return {"name": self.name, "token": token}


@dataclass(frozen=True)
class MapView:
    """What a reader looks at: the name of a step, None for the last; the image that is chosen,
    counted from 0; the digits that are picked out, none of them for all; mistakes alone or all."""

    step: str | None = None
    chosen: int | None = None
    digits: tuple[int, ...] = ()
    mistakes_only: bool = False


PLAIN = MapView()


def point_map(
    steps: Sequence[Step],
    images: MapImages,
    *,
    key: str,
    description: str,
    first: MapView = PLAIN,
) -> MapView:
    """Show images as points; what the reader looks at, as soon as the hand rests.

    Called again with the same `key` it sends only what is new, and the points glide to their new
    places: for other positions as for another layer. MapImages and Positions are to be kept, since
    it is they that remember how they are packed. To fill the slider piece by piece, pass all names
    from the start, and call again when more of them have positions; the last one first, which is
    shown until the reader moves the slider.

    Args:
        steps: in the order of the training, "before" first; a single one has no slider.
        description: what the map shows, for those who do not see it.
        first: what is looked at until the reader chooses.

    Raises ValueError without steps, for more than MOST_STEPS or two of one name, and for positions
    of another number of images.
    """
    _check(steps, images)
    names = [step.name for step in steps]
    arrived = [step.positions for step in steps if step.positions is not None]
    header = {
        "part": "map",
        "key": key,
        "images": images.token,
        "noun": images.noun,
        "steps": [step.header for step in steps],
        "colours": class_colours(),
        "description": description,
        # When the browser builds the map anew it has forgotten these; the session has not.
        **(known := _state(_view(st.session_state.get(key) or _state(first), names, len(images)))),
    }
    with st.container(gap=None):
        state = _mount(
            key=key,
            data=pack(header, []),
            default=known,
            on_chosen_change=lambda: None,
            on_view_change=lambda: None,
        )
        # After the map, which so keeps its place. What stays the same travels once.
        for part in {part.token: part for part in (images, *arrived)}.values():
            _mount(key=f"{key}-{part.token}", data=part.message_for(key))
    return _view(state, names, len(images))


def _state(view: MapView) -> dict[str, Any]:
    """What the browser would have said for it."""
    return {"chosen": view.chosen, "view": [view.step, list(view.digits), view.mistakes_only]}


def _view(state: Mapping[str, Any], names: Sequence[str], n: int) -> MapView:
    """What the browser says, as far as there is such a step, digit or one of n images."""
    chosen, view = state.get("chosen"), PLAIN
    match state.get("view"):
        case [str() | None as step, [*digits], bool(mistakes_only)]:
            step = step if step in names[:-1] else None
            picked = tuple(digit for digit in range(CLASSES) if digit in digits)
            view = MapView(step, None, picked, mistakes_only)
    return replace(view, chosen=chosen) if isinstance(chosen, int) and 0 <= chosen < n else view


def _check(steps: Sequence[Step], images: MapImages) -> None:
    names = [step.name for step in steps]
    if not 1 <= len(steps) <= MOST_STEPS:
        raise ValueError(f"a map has 1 to {MOST_STEPS} steps, not {len(steps)}")
    if len(set(names)) < len(names):
        raise ValueError(f"every step needs a name of its own: {', '.join(names)}")
    for step in steps:
        if step.positions is not None and len(step.positions) != len(images):
            raise ValueError(
                f"{len(step.positions)} points of {step.name} do not fit {len(images)} images"
            )
