"""Charts of a search: where its numbers lie, and what they say to those who do not see them."""

import re
from xml.etree import ElementTree

import numpy as np

from mnist_core.figures.sweep import Spread, accuracy_over, heat_map, is_log_spaced

SVG = "{http://www.w3.org/2000/svg}"


def test_values_that_lie_far_apart_have_a_logarithmic_axis() -> None:
    assert is_log_spaced([1e-6, 1]) and is_log_spaced([16, 320])
    assert not is_log_spaced([16, 319])
    assert not is_log_spaced([0, 1]) and not is_log_spaced([0.1])


def line(*spreads: Spread, named: bool = False) -> str:
    chart = accuracy_over(spreads, title="learning rate", named=named, y_title="accuracy (%)")
    ElementTree.fromstring(chart)  # it is XML
    return chart


def test_on_a_logarithmic_axis_each_decade_is_as_wide() -> None:
    chart = line(*(Spread(10.0**p, f"1e{p}", [0.5 + 0.1 * p, 0.6 + 0.1 * p]) for p in (-2, -1, 0)))
    (mean,) = re.findall(r'd="M([^z"]*)" fill="none" stroke="#2f7fc1" stroke-width="2.5"', chart)
    across = [float(place.split()[0]) for place in mean.split("L")]
    assert np.allclose(np.diff(across), np.diff(across)[0], atol=0.2)
    assert ">all seeds<" in chart
    assert "1e0: mean 55.00, from 50.00 to 60.00" in chart


def test_a_rate_that_diverged_is_a_cross_and_said() -> None:
    chart = line(Spread(0.1, "0.1", [0.9]), Spread(10, "10", [], diverged=3))
    assert chart.count("m-4 -4l8 8m0 -8l-8 8") == 1
    assert "10: 3 diverged" in chart


def test_a_chart_of_nothing_but_diverged_runs_can_be_drawn() -> None:
    assert "mean over seeds" not in line(Spread(1, "1", [], 1), Spread(2, "2", [], 1))


def test_words_have_places_with_their_names_and_no_line() -> None:
    chart = line(Spread(0, "relu", [0.9]), Spread(1, "tanh", [0.8]), named=True)
    assert ">relu</text>" in chart and ">tanh</text>" in chart
    assert "mean over seeds" not in chart


def test_a_heat_map_has_a_cell_for_each_pair_the_darker_the_higher() -> None:
    means = np.array([[0.1, 0.5], [0.9, np.nan]])
    titles = ("learning rate", "hidden")
    chart = heat_map(means, columns=["0.1", "1"], rows=["8", "16"], titles=titles, what="accuracy")
    cells = ElementTree.fromstring(chart).findall(f"{SVG}rect")
    assert [cell[0].text for cell in cells] == [
        "learning rate 0.1, hidden 8: 10.0",
        "learning rate 1, hidden 8: 50.0",
        "learning rate 0.1, hidden 16: 90.0",
        "learning rate 1, hidden 16: -",
    ]
    fills = [cell.get("fill") for cell in cells]
    assert fills[0] == "rgb(226,238,248)" and fills[2] == "rgb(18,74,125)"
    assert fills[1] == "rgb(122,156,186)"  # half way, 186.5 rounded to even
    assert len({(cell.get("x"), cell.get("y")) for cell in cells}) == 4


def test_a_heat_map_of_equal_values_or_of_none_can_be_drawn() -> None:
    for value in (0.5, np.nan):
        means = np.full((1, 2), value)
        chart = heat_map(means, columns=["a", "b"], rows=["c"], titles=("x", "y"), what="accuracy")
        ElementTree.fromstring(chart)
