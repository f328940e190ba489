"""The Draw page without a browser: own digits that stay, a taught copy, photographs, two digits."""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from streamlit.testing.v1 import AppTest

from mnist_core.arrays import Array
from mnist_core.data.own_digits import to_zip
from mnist_core.inspection.doubt import Answer
from mnist_core.runs.local import LocalPool
from mnist_core.training.config import TrainConfig
from tests.photographed import letters, written
from tests.ui.tools import tables
from ui.choices import DRAW as DRAW_CHOICES
from ui.components.canvas import Drawing, Stroke
from ui.components.visitor import STATE
from ui.draw import page
from ui.draw.inside import as_shown
from ui.draw.looks import OPEN, WORLD
from ui.draw.photographs import digits_of, lines_in_words, with_boxes
from ui.networks import Prediction, Predictor, predict, shipped_predictors
from ui.session import NamedNetwork, Session, mnist
from ui.words import spelled

DRAW = """
import ui.draw.page
ui.draw.page.page()
"""
WEIGHTS = """
import ui.weights.page
ui.weights.page.page()
"""
ME = "a-visitor-of-the-tests"


def visited(script: str = DRAW) -> AppTest:
    """A page as the same visitor finds it after a reload: nothing of the session is left."""
    app = AppTest.from_string(script)
    app.session_state[STATE] = ME
    return opened(app)


def opened(app: AppTest) -> AppTest:
    app.run(timeout=60)
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    return " ".join(piece.proto.body for piece in app.get("html"))


def put(app: AppTest, drawing: Drawing) -> AppTest:
    app.session_state["session"] = Session(drawing=drawing)
    return opened(app)


def keep(app: AppTest, numbers: range) -> None:
    """Keep test images, each with its label."""
    test = mnist().test
    for number in numbers:
        app.session_state["session"].drawing = Drawing(background=test.images[number])
        app.segmented_control(key="it-was").set_value(int(test.labels[number]))
        opened(app)


def own_digits(app: AppTest) -> AppTest:
    app.session_state["draw_look"] = "Your own digits"
    return opened(app)


def test_own_digits_are_there_after_a_reload_until_they_are_emptied(pool: LocalPool) -> None:
    keep(visited(), range(3))
    app = own_digits(visited())
    assert shown(app).count('alt="your ') == 3
    app.button(key="take-out-all").click()
    opened(app)
    assert shown(own_digits(visited())).count('alt="your ') == 0


def test_a_drawing_that_is_kept_already_is_not_kept_twice(pool: LocalPool) -> None:
    app = visited()
    keep(app, range(1))
    keep(app, range(1))
    assert any("already, as a 7" in caption.value for caption in app.caption)
    assert shown(own_digits(app)).count('alt="your ') == 1


def test_digits_that_a_mac_has_packed_again_are_added_and_what_was_left_is_said(
    pool: LocalPool,
) -> None:
    content = io.BytesIO(to_zip(mnist().test[:6]))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("__MACOSX/._7-0001.png", b"")
        archive.writestr(".DS_Store", b"")
    app = own_digits(visited())
    app.file_uploader(key="add-zip").set_value(("mine.zip", content.getvalue(), "application/zip"))
    assert shown(opened(app)).count('alt="your ') == 6
    words = "mine.zip has 6 digits; left alone, as not needed: __MACOSX (1 file) and .DS_Store."
    assert spelled(words) in [caption.value for caption in app.caption]


def test_the_taught_copy_answers_and_is_looked_at_until_it_is_deleted(pool: LocalPool) -> None:
    app = visited()
    keep(app, range(4))
    own_digits(app).button(key="teach").click()
    opened(app)
    assert "Your taught MLP" in shown(app)  # it answers at once
    assert "Your taught MLP" in visited(WEIGHTS).segmented_control(key="weights_network").options
    again = own_digits(visited())
    again.button(key="delete-taught").click()
    opened(again)
    assert "taught" not in visited(WEIGHTS).segmented_control(key="weights_network").options


def test_charts_and_table_follow_digits_that_are_added(pool: LocalPool) -> None:
    app = visited()
    keep(app, range(4))
    own_digits(app).button(key="teach").click()
    opened(app)
    before = tables(app)[-1]
    wrong = Drawing(background=mnist().test.images[4])
    app.session_state["session"].drawing = wrong
    app.segmented_control(key="it-was").set_value(9)  # it is a 4
    opened(app)
    assert tables(app)[-1] != before


def test_a_run_has_one_name_on_every_page(pool: LocalPool) -> None:
    handle = pool.start(TrainConfig(hidden=(8,), epochs=1, train_size=200))
    handle.wait_for(lambda view: view.ended, timeout=60)
    for script, key in ((DRAW, "draw_who"), (WEIGHTS, "weights_network")):
        app = AppTest.from_string(script)
        app.query_params["run"] = handle.id
        assert "Your run" in opened(app).segmented_control(key=key).options


def strokes(*places: list[tuple[float, float]]) -> Drawing:
    points = [np.array([(x, y, 1) for x, y in place], np.float32) for place in places]
    return Drawing(tuple(Stroke(place, 1 / 13) for place in points))


def test_the_pen_is_answered_with_the_weights_that_stand_in_the_picture(pool: LocalPool) -> None:
    app = visited()
    mlp, cnn = shipped_predictors()
    newer = replace(mlp, network=cnn.network)
    assert app.session_state["inside_shown"] == mlp
    with patch("streamlit.session_state", app.session_state):
        assert as_shown((newer, cnn)) == (mlp, cnn)


def test_drawings_are_answered_one_after_the_other(
    pool: LocalPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = []

    def predict_and_look(predictors: Sequence[Predictor], image: Array) -> list[Prediction]:
        held.append(page.ANSWERING.locked())
        return predict(predictors, image)

    monkeypatch.setattr(page, "predict", predict_and_look)
    put(visited(), Drawing(background=mnist().test.images[0]))
    assert held and all(held)
    assert not page.ANSWERING.locked()


def test_the_choice_of_a_network_that_is_gone_falls_back_to_one_that_is_there(
    pool: LocalPool,
) -> None:
    app = visited()
    mine = app.session_state["session"]
    mine.loaded = [NamedNetwork("loaded_1", "mine.npz", shipped_predictors()[0].network)]
    app.session_state["draw_who"] = "loaded_1"
    opened(app)
    app.segmented_control(key="draw_inside").set_value("Loaded: mine.npz")
    opened(app)
    mine.loaded = []
    opened(app)
    assert app.segmented_control(key="draw_inside").value == "MLP"


def test_two_digits_are_read_one_by_one_and_can_be_seen_as_boxes(pool: LocalPool) -> None:
    seven = [(0.1, 0.25), (0.38, 0.25), (0.2, 0.75)]
    one = [(0.7, 0.22), (0.68, 0.78)]
    app = put(visited(), strokes(seven, one))
    assert "two digits: 7 and 1" in shown(app)
    app.button(key="as-boxes").click()
    opened(app)
    assert "<h2>7 1</h2>" in shown(app)


def test_the_world_writes_the_digit_that_was_answered(pool: LocalPool) -> None:
    app = put(visited(), strokes([(0.1, 0.25), (0.5, 0.25), (0.3, 0.8)]))
    app.session_state[DRAW_CHOICES.key(OPEN)] = WORLD
    opened(app)
    assert [heading.value for heading in app.subheader] == ["How the world writes a 7"]
    assert "barred" in shown(app) and "by 5 writers" in shown(app)
    app.session_state["test_digit"] = None
    put(app, Drawing())
    assert not app.subheader and "Draw a digit first" in app.info[0].value


def test_one_digit_in_two_strokes_is_one_digit(pool: LocalPool) -> None:
    four = [(0.3, 0.2), (0.27, 0.55), (0.55, 0.55)], [(0.67, 0.2), (0.67, 0.85)]
    assert "digits:" not in shown(put(visited(), strokes(*four)))


def printed(text: str, *, outlined: bool = False, turned: int = 0) -> bytes:
    """A picture of printed text."""
    paper = Image.new("L", (60 + 120 * len(text), 320), 235)
    ImageDraw.Draw(paper).text(
        (30, 60), text, 235 if outlined else 30, ImageFont.load_default(160),
        stroke_width=5 if outlined else 0, stroke_fill=30,
    )  # fmt: skip
    file = io.BytesIO()
    paper.rotate(90 * turned, expand=True).save(file, "PNG")
    return file.getvalue()


def test_what_is_no_digit_is_left_out_of_a_page() -> None:
    sheet = digits_of(printed("he 42"))
    answers = [Answer(digit, 7, unsure=digit == 2) for digit in (6, 8, 4, 2)]
    assert len(sheet.found) == 4 and sheet.objections[2:] == ("", "")
    assert lines_in_words(sheet, answers) == "4 2 (or 7)"
    with Image.open(io.BytesIO(with_boxes(sheet, answers))) as picture:
        assert picture.width <= 1000


def photographed(content: bytes) -> AppTest:
    """The panel of photographs with a picture that was pasted, and a run that answers too."""
    app = visited()
    app.session_state["draw_look"] = "Photographs and pages"
    app.session_state["pasted"] = ("a picture", content)
    return opened(app)


def test_the_cnn_stands_in_the_boxes_until_another_is_chosen(
    pool: LocalPool, tmp_path: Path
) -> None:
    handle = pool.start(TrainConfig(hidden=(8,), epochs=1, train_size=200))
    handle.wait_for(lambda view: view.ended, timeout=60)
    app = AppTest.from_string(DRAW)
    app.query_params["run"] = handle.id
    app.session_state["draw_look"] = "Photographs and pages"
    app.session_state["pasted"] = ("a picture", printed("2345"))
    assert opened(app).segmented_control(key="boxes-of").value == "CNN"
    assert "<h2>2 3 4 5</h2>" in shown(app)


def test_the_picture_says_in_words_what_is_on_it(pool: LocalPool) -> None:
    assert "read as: 2 3 4 5" in shown(photographed(printed("2345")))


@pytest.mark.parametrize("turned", [1, 3])
def test_a_page_on_its_side_is_turned_by_a_button(pool: LocalPool, turned: int) -> None:
    app = photographed(printed("2345", turned=turned))
    assert "on its side. Turn it?" in app.warning[0].value
    app.button(key="turn-picture").click()
    opened(app)
    assert not app.warning and "<h2>2 3 4 5</h2>" in shown(app)


def test_hollow_strokes_are_named_and_filled(pool: LocalPool) -> None:
    app = photographed(printed("42", outlined=True))
    assert "strokes are hollow" in app.info[0].value
    assert "<h2>4 2</h2>" in shown(app)


def file_of(cover: np.ndarray) -> bytes:
    """Ink (H, W), 0 to 1, on white paper as a PNG."""
    file = io.BytesIO()
    Image.fromarray((255 * (1 - cover)).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_a_digit_that_is_cut_is_a_guess_in_words_and_without_a_probability(
    pool: LocalPool,
) -> None:
    ink = written(mnist().test.images[0], 300)  # a 7
    app = photographed(file_of(ink[:, : round(0.8 * ink.shape[1])]))
    (table,) = tables(app)
    assert "<h2>7?</h2>" in shown(app) and table["CNN"] == ["7?"]
    assert "cut by the edge" in table["remark"][0]
    assert "are guesses" in app.warning[0].value


# A 9 among the validation images that both networks could as well take for a 4.
LIKE_A_4 = 1442


def test_an_unsure_answer_names_both_digits(pool: LocalPool) -> None:
    validation = mnist().validation
    unsure = put(visited(), Drawing(background=validation.images[LIKE_A_4]))
    assert '<div class="answer"><h2>a 9, or a 4</h2><p>The networks are unsure' in shown(unsure)
    sure = put(unsure, Drawing(background=validation.images[0]))
    digit = validation.labels[0]
    assert f'<div class="answer"><h2>a {digit}</h2><p></p></div>' in shown(sure)


def test_an_unsure_answer_on_a_page_of_digits_has_both_with_their_probabilities(
    pool: LocalPool,
) -> None:
    app = photographed(file_of(mnist().validation.images[LIKE_A_4] / 255))
    assert "<h2>4 (or 9)</h2>" in shown(app)
    (cell,) = tables(app)[0]["CNN"]
    assert re.fullmatch(r"4 \(.+\s%\) or 9 \(.+\s%\)", cell)
    assert "could be either: 1." in app.info[0].value


def test_letters_have_no_answers_on_the_page_either(pool: LocalPool) -> None:
    rng = np.random.default_rng(0)
    app = photographed(file_of(letters("HELKM\nAXRWN", rng)))
    assert "<h2>No digits</h2>" in shown(app)
    assert set(tables(app)[0]["CNN"]) == {"none"}
