"""The robustness charts in a real browser: pointing, keys, choosing, numbers that arrive later."""

import re
from collections.abc import Callable

import numpy as np
from playwright.sync_api import Locator, Page, Position, WebSocket

from mnist_core import load_mnist
from mnist_core.data.augment import warp
from tests.browser.conftest import settled, wait_idle
from tests.browser.expecting import expect
from tests.browser.test_accessibility import FITS, found_in_components
from ui import theme

APP = "tests/browser/apps/robustness_app.py"
EXAMPLES = 8 * 9 * 784  # bytes
LEFT = 36  # CSS pixels for the numbers of the y-axis

Serve = Callable[[str], str]


def opened(page: Page, serve: Serve, query: str = "") -> Locator:
    """The charts of the app, once they are there."""
    page.goto(f"{serve(APP)}/?{query}")
    group = page.get_by_role("group", name="Accuracy on distorted test images")
    expect(group.get_by_role("application")).to_have_count(8)
    wait_idle(page)
    return group


def chart(page: Page, title: str) -> Locator:
    return page.get_by_role("application", name=re.compile(f"^{title}: accuracy"))


def at(chart: Locator, strength: int) -> Position:
    """Where a strength is in the chart's field."""
    box = chart.locator(".field").bounding_box()
    assert box is not None
    return {"x": LEFT + (strength + 0.5) / 9 * (box["width"] - LEFT), "y": 60}


def point(chart: Locator, strength: int) -> None:
    chart.locator(".field").hover(position=at(chart, strength))


def said(page: Page, title: str) -> Locator:
    """The panel, as soon as it says that."""
    panel = page.locator(".panel")
    expect(panel.locator(".strength")).to_have_text(title)
    return panel


def facts(panel: Locator) -> list[str]:
    """What the panel says of each network."""
    rows = panel.locator(".network")
    return [
        " | ".join(row.locator("span").all_text_contents()).replace("\N{NO-BREAK SPACE}", " ")
        for row in rows.all()
    ]  # name, accuracy, count, what it says


def large_digit(panel: Locator) -> np.ndarray:
    """The picture in the panel, uint8 (28, 28)."""
    dots = panel.locator("canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, 28, 28).data]"
    )
    return np.array(dots, np.uint8).reshape(28, 28, 4)[..., 0]


def test_pointing_shows_the_example_and_the_numbers_at_that_strength(page, serve):
    opened(page, serve)
    panel = said(page, "Shift: 0 pixels (unchanged)")
    assert facts(panel)[0] == "MLP | 98.0 % | 9,800 of 10,000 | says 7, 99.9 % sure"
    point(chart(page, "Rotation"), 7)
    said(page, "Rotation: 45 degrees")
    test = load_mnist().test
    seven = test.images[np.flatnonzero(test.labels == 7)[:1]]
    np.testing.assert_array_equal(large_digit(panel), warp(seven, rotation=45.0)[0])
    assert facts(panel) == [
        "MLP | 14.7 % | 1,470 of 10,000 | says 2, 62.4 % sure ×",
        "CNN | 38.7 % | 3,870 of 10,000 | says 2, 62.4 % sure ×",
        "Your run | 21.7 % | 2,170 of 10,000 | says 2, 62.4 % sure ×",
    ]
    expect(panel.locator(".explanation")).to_have_text("The digit turns about its middle.")


def test_the_panel_is_beside_what_is_pointed_at_and_keeps_its_place(page, serve):
    opened(page, serve)
    panel = page.locator(".panel")
    before = settled(panel)
    for title in ("Shift", "Noise", "Occlusion"):
        point(chart(page, title), 3)
        assert panel.bounding_box() == before
        field = chart(page, title).bounding_box()
        assert field and field["y"] >= before["y"] + before["height"]


def test_arrow_keys_go_along_the_strengths_and_to_the_other_charts(page, serve):
    opened(page, serve)
    spoken = page.locator(".robustness .spoken")
    chart(page, "Rotation").focus()
    for key, words in (
        ("ArrowRight", "Rotation: 15 degrees"),
        ("End", "Rotation: 60 degrees"),
        ("ArrowRight", "Rotation: 60 degrees"),
        ("ArrowDown", "Blur: 0 pixels (unchanged)"),
        ("ArrowLeft", "Blur: 0 pixels (unchanged)"),
        ("ArrowRight", "Blur: 0.5 pixels"),
        ("ArrowUp", "Rotation: 60 degrees"),
        ("Home", "Rotation: −60 degrees"),
    ):
        page.keyboard.press(key)
        said(page, words)
        expect(spoken).to_contain_text(f"{words}. MLP ")
    expect(spoken).to_contain_text("MLP 11.5 %, says 2, 49.9 % sure, wrong; CNN ")
    expect(chart(page, "Rotation")).to_be_focused()


def test_each_chart_is_one_tab_stop(page, serve):
    opened(page, serve)
    chart(page, "Shift").focus()
    for title in ("Rotation", "Scale", "Shear", "Noise", "Blur", "Stroke thickness", "Occlusion"):
        page.keyboard.press("Tab")
        expect(chart(page, title)).to_be_focused()
        expect(page.locator(".panel .strength")).to_contain_text(f"{title}: ")


def test_a_click_keeps_a_strength_and_python_hears_of_it(page, serve):
    opened(page, serve)
    noise = chart(page, "Noise")
    noise.locator(".field").click(position=at(noise, 4))
    expect(page.get_by_text("chosen ('noise', 4)")).to_be_visible()
    point(chart(page, "Blur"), 2)
    said(page, "Blur: 1 pixel")
    page.mouse.move(5, 5)
    panel = said(page, "Noise: 64 grey levels")
    expect(panel.locator(".kept")).to_contain_text("Kept")
    noise.locator(".field").click(position=at(noise, 4))
    expect(page.get_by_text("chosen None")).to_be_visible()


def test_enter_keeps_and_escape_lets_go(page, serve):
    opened(page, serve)
    chart(page, "Scale").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.get_by_text("chosen ('scale', 3)")).to_be_visible()
    expect(page.locator(".robustness .spoken")).to_contain_text("Scale: 0.85, kept.")
    expect(chart(page, "Scale")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_text("chosen None")).to_be_visible()


def test_what_is_kept_is_still_there_when_the_charts_come_back(page, serve):
    group = opened(page, serve)
    chart(page, "Noise").locator(".field").click(position=at(chart(page, "Noise"), 4))
    expect(page.get_by_text("chosen ('noise', 4)")).to_be_visible()
    page.get_by_text("Something else").click()
    expect(group).to_have_count(0)
    page.get_by_text("Something else").click()
    expect(page.get_by_text("chosen ('noise', 4)")).to_be_visible()
    said(page, "Noise: 64 grey levels")


PLACES = """group => {
  const parts = ".chart, .panel, .notes, .strip, .spot, summary, text";
  return [...group.querySelectorAll(parts)].map(element => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [element.getAttribute("class"), x, y, width, height].join();
  });
}"""


def test_a_point_that_arrives_later_moves_nothing(page, serve):
    group = opened(page, serve, "points=40")
    noise = chart(page, "Noise")
    point(noise, 4)
    panel = said(page, "Noise: 64 grey levels")
    assert facts(panel)[0] == "MLP | – | not measured yet | says 2, 74.9 % sure ×"
    expect(noise.locator("circle")).to_have_count(4)
    expect(noise.locator(".waits")).to_have_count(5)
    blur = chart(page, "Blur").locator("svg")
    blur.evaluate("svg => { svg.firstElementChild.dataset.kept = 'yes'; }")
    before = group.evaluate(PLACES)
    # By the keyboard, so that nothing else is pointed at.
    page.get_by_role("button", name="Next point").press("Enter")
    expect(panel.locator(".accuracy").first).to_have_text("19.4 %")
    expect(noise.locator("circle")).to_have_count(5)
    expect(noise.locator(".waits")).to_have_count(4)
    wait_idle(page)
    assert group.evaluate(PLACES) == before
    expect(blur.locator("[data-kept]")).to_have_count(1)  # not drawn anew


def test_a_point_that_arrives_leaves_the_focus_where_it_is(page, serve):
    group = opened(page, serve, "points=40")
    chart(page, "Noise").focus()
    page.keyboard.press("End")
    # A rerun that nobody in the charts asked for.
    page.get_by_role("button", name="Next point").evaluate("button => button.click()")
    expect(page.get_by_text("points 41")).to_be_visible()
    expect(chart(page, "Noise").locator("circle")).to_have_count(5)
    expect(chart(page, "Noise")).to_be_focused()
    said(page, "Noise: 128 grey levels")
    expect(group).to_be_visible()


def test_with_other_networks_the_choice_stays(page, serve):
    opened(page, serve)
    noise = chart(page, "Noise")
    noise.locator(".field").click(position=at(noise, 4))
    expect(page.get_by_text("chosen ('noise', 4)")).to_be_visible()
    page.get_by_text("Without the run").click()
    panel = page.locator(".panel")
    expect(panel.locator(".network")).to_have_count(2)
    expect(noise.locator("path.line")).to_have_count(2)
    said(page, "Noise: 64 grey levels")
    expect(page.get_by_text("chosen ('noise', 4)")).to_be_visible()


def test_the_examples_travel_once(page, serve):
    sizes: list[int] = []

    def listen(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: sizes.append(len(frame)))

    page.once("websocket", listen)
    opened(page, serve, "points=1")
    assert sum(sizes) > EXAMPLES
    sizes.clear()
    for points in range(2, 7):
        page.get_by_role("button", name="Next point").click()
        expect(page.get_by_text(f"points {points},")).to_be_visible()
        wait_idle(page)
    assert sum(sizes) < EXAMPLES


def test_a_table_says_all_numbers(page, serve):
    opened(page, serve, "points=71")
    page.get_by_text("All numbers as a table").click()
    table = page.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(73)
    expect(table.get_by_role("row").nth(17)).to_have_text("Rotation45 degrees14.7 %38.7 %21.7 %")
    expect(table.get_by_role("row").last).to_have_text("Occlusion16 pixels–––")
    page.get_by_role("button", name="Next point").click()
    expect(table.get_by_role("row").last).not_to_contain_text("–")


def test_networks_are_told_apart_without_their_colours(page, serve):
    opened(page, serve)
    dashes = [
        line.get_attribute("stroke-dasharray")
        for line in chart(page, "Blur").locator("path.line").all()
    ]
    assert len(set(dashes)) == 3
    legend = page.locator(".panel .network path.line")
    assert [line.get_attribute("stroke-dasharray") for line in legend.all()] == dashes


def test_the_area_between_the_first_two_has_the_colour_of_the_one_ahead(page, serve):
    opened(page, serve, "level")
    fills = [path.get_attribute("fill") for path in chart(page, "Noise").locator(".lead").all()]
    # The CNN falls below the MLP between the fifth and the sixth strength.
    assert fills == [theme.CNN] * 5 + [theme.MLP] * 4


def test_on_a_telephone_a_touch_shows_the_example_in_sight(new_page, serve):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    opened(page, serve)
    assert page.evaluate(FITS)
    blur = chart(page, "Blur")
    blur.scroll_into_view_if_needed()
    blur.locator(".field").tap(position=at(blur, 6))
    panel = said(page, "Blur: 3 pixels")
    expect(page.get_by_text("chosen ('blur', 6)")).to_be_attached()
    expect(panel).to_be_in_viewport(ratio=1)
    covered, touched = panel.bounding_box(), blur.bounding_box()
    assert covered and touched and touched["y"] >= covered["y"] + covered["height"]
    chart(page, "Rotation").focus()  # above what is in sight
    said(page, "Rotation: 0 degrees (unchanged)")
    focused = chart(page, "Rotation").bounding_box()
    assert focused and focused["y"] >= covered["y"] + covered["height"]


def test_axe_finds_nothing_on_a_desk_and_on_a_telephone_in_light_and_dark(page, serve):
    opened(page, serve, "points=40")
    page.get_by_text("All numbers as a table").click()
    expect(page.get_by_role("table")).to_be_visible()
    assert found_in_components(page, widths=(1280, 390)) == []
