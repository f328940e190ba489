"""Charts as SVG: round ticks, places of points and of the mark."""

from xml.etree import ElementTree

import pytest

from mnist_core.figures.svg import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Curve,
    line_chart,
    on_white,
    ticks,
)

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (90, 100, [90, 92, 94, 96, 98, 100]),
        (0, 5, [0, 1, 2, 3, 4, 5]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 12, [0, 5, 10]),
        (0, 5e-12, [0, 1e-12, 2e-12, 3e-12, 4e-12, 5e-12]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_titles_are_text_whatever_they_say() -> None:
    axes = {"x_range": (0, 1), "y_range": (0, 1), "x_title": "a < b", "y_title": "|dL/dW|"}
    texts = ElementTree.fromstring(line_chart([], alt="none", **axes)).iter(f"{SVG}text")
    assert [text.text for text in texts][-2:] == ["a < b", "|dL/dW|"]


def chart(**options) -> ElementTree.Element:
    curves = [Curve("a < b", "#123456", [0, 10], [0, 50], symbol="●"), Curve("none", "red", [], [])]
    return ElementTree.fromstring(
        on_white(
            line_chart(
                curves,
                x_range=(0, 10),
                y_range=(0, 50),
                x_title="epoch",
                y_title="loss",
                alt='"falls" & rises',
                **options,
            )
        )
    )


def test_the_first_and_last_points_lie_in_the_corners() -> None:
    dots = [(float(c.get("cx", "")), float(c.get("cy", ""))) for c in chart().iter(f"{SVG}circle")]
    assert dots == [(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]


def test_a_mark_stands_at_its_place_and_only_if_there_is_one() -> None:
    assert not [path for path in chart().iter() if path.get("class") == "mark"]
    (mark,) = (path for path in chart(mark=5).iter() if path.get("class") == "mark")
    assert mark.get("d") == f"M{(LEFT + WIDTH - RIGHT) / 2} {TOP}V{HEIGHT - BOTTOM}"


def test_it_is_read_aloud_and_its_curves_are_named() -> None:
    assert chart().get("aria-label") == '"falls" & rises'
    assert [title.text for title in chart().iter(f"{SVG}title")] == ["a < b"]
