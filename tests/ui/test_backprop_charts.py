"""Charts of the Back-propagation page: slopes, regions of learning rates, logarithmic axes."""

from xml.etree import ElementTree

import numpy as np
import pytest

from mnist_core.figures.plane import LEFT, Axis, Plane
from mnist_core.figures.svg import BOTTOM, HEIGHT, RIGHT, TOP, WIDTH
from mnist_core.inspection.descent import LossAlong
from mnist_core.inspection.numerical_gradient import CURVE_STEPS
from ui.charts.backprop import ErrorCurve, error_chart, gradients_chart, rates_chart, regions_of
from ui.charts.slopes import Slopes, slopes_of

SVG = "{http://www.w3.org/2000/svg}"


def test_the_slopes_of_a_made_up_error_are_found() -> None:
    found = slopes_of(CURVE_STEPS, 0.2 * CURVE_STEPS**2 + 1e-16 / CURVE_STEPS)
    assert found is not None
    assert found.truncation == pytest.approx(0.2, rel=0.1)
    assert found.rounding == pytest.approx(1e-16, rel=0.1)
    assert found.crossing == pytest.approx((1e-16 / 0.2) ** (1 / 3), rel=0.1)
    assert found.error == pytest.approx(found.truncation * found.crossing**2)


def test_an_error_that_is_everywhere_as_large_as_the_gradient_has_no_slopes() -> None:
    assert slopes_of(CURVE_STEPS, np.ones_like(CURVE_STEPS)) is None


def test_an_error_that_only_falls_with_the_step_has_no_two_slopes() -> None:
    assert slopes_of(CURVE_STEPS, CURVE_STEPS**2 / 4) is None


def along(*losses: float) -> LossAlong:
    return LossAlong(10.0 ** np.arange(-2, len(losses) - 2), np.array(losses), before=2.0)


def test_a_rate_that_gains_less_than_half_is_too_small_and_one_that_loses_too_large() -> None:
    regions = regions_of(along(1.9, 1.4, 1.0, 1.6, 2.5, 0.0))
    assert (regions.right_from, regions.best, regions.too_large_from) == (0.1, 1.0, 100.0)
    words = [regions.of(rate) for rate in (0.01, 0.1, 10.0, 100.0, 1000.0)]
    assert words == ["too small", "right", "right", "too large", "too large"]


def test_where_every_rate_loses_all_are_too_large() -> None:
    assert regions_of(along(2.1, 3.0)).of(0.01) == "too large"


def test_where_the_loss_never_grows_none_is_too_large() -> None:
    assert regions_of(along(1.9, 0.5, 0.0)).too_large_from is None


def test_powers_of_ten_are_named_on_a_logarithmic_axis() -> None:
    assert Axis("rate", 0.01, 10, log=True).ticks() == [
        (0.01, "0.01"), (0.1, "0.1"), (1.0, "1"), (10.0, "10")
    ]  # fmt: skip
    assert [words for _, words in Axis("h", 1e-12, 1, log=True).ticks()] == [
        "10⁻¹²", "10⁻¹⁰", "10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"
    ]  # fmt: skip


def test_the_ends_of_both_axes_lie_in_the_corners() -> None:
    plane = Plane(Axis("x", 1, 100, log=True), Axis("y", 0, 5))
    assert (plane.across(1), plane.down(0)) == (LEFT, HEIGHT - BOTTOM)
    assert (plane.across(100), plane.down(5)) == (WIDTH - RIGHT, TOP)
    assert plane.across(10) == (LEFT + WIDTH - RIGHT) / 2


def test_a_line_has_a_gap_where_there_is_no_number() -> None:
    plane = Plane(Axis("x", 0, 3), Axis("y", 1, 10, log=True))
    values = np.array([1.0, 0.0, np.nan, 10.0, 10.0])
    line = ElementTree.fromstring(plane.line(np.arange(5.0), values, colour="red", name="a"))
    assert (line.get("d") or "").count("M") == 2 and (line.get("d") or "").count("L") == 1


def test_a_gradient_that_is_wrong_is_crossed_out() -> None:
    gradients = np.array([0.1, -0.2, 0.3])
    chart = gradients_chart(gradients, gradients, np.array([False, False, True]), alt='"a" < b')
    root = ElementTree.fromstring(chart)
    assert root.get("aria-label") == '"a" < b'
    named = {title.text: path.get("d") for path in root.iter() for title in path.iter(f"{SVG}title")
             if path.tag == f"{SVG}path"}  # fmt: skip
    assert [(named[name] or "").count("M") for name in ("positive", "negative", "they differ")] == [
        1, 1, 1
    ]  # fmt: skip


def test_the_chosen_rate_is_a_named_mark_and_the_regions_are_named() -> None:
    rates = along(1.9, 1.4, 1.0, 1.6, 2.5, 0.0)
    root = ElementTree.fromstring(rates_chart(rates, regions_of(rates), chosen=1.0, alt="a"))
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"too small", "right", "too large"} <= set(words)
    (mark,) = (path for path in root.iter() if path.get("class") == "mark")
    assert (mark.get("d") or "").startswith(f"M{LEFT + 2 / 5 * (WIDTH - LEFT - RIGHT):.1f}")


def place(root: ElementTree.Element, words: str) -> tuple[float, float, str | None]:
    """Where the last text with these words stands in a chart, and to which side it goes."""
    *_, text = (text for text in root.iter(f"{SVG}text") if text.text == words)
    return float(text.get("x", "")), float(text.get("y", "")), text.get("text-anchor")


def test_the_name_of_a_slope_far_to_the_right_is_not_cut_off() -> None:
    errors = np.full_like(CURVE_STEPS, 0.1)
    curve = ErrorCurve("float64", "red", "", errors, None)
    for crossing, side in ((1e-5, "start"), (5e-3, "end")):
        slopes = Slopes(truncation=1.0, rounding=crossing**3)
        chart = error_chart(CURVE_STEPS, [curve], {"float64": slopes}, alt="a")
        x, y, anchor = place(ElementTree.fromstring(chart), "truncation: slope 2")
        assert anchor == side and x < WIDTH - RIGHT
        _, other, _ = place(ElementTree.fromstring(chart), "rounding: slope −1")
        assert (y > other + 10) == (side == "end")  # not over one another


def test_the_name_of_the_chosen_rate_stands_above_the_curve() -> None:
    rates = along(1.9, 1.4, 1.0, 1.6, 2.5, 0.0)
    root = ElementTree.fromstring(rates_chart(rates, regions_of(rates), chosen=1.0, alt="a"))
    assert place(root, "1")[1] < place(root, "before")[1]
