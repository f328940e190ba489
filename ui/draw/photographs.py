"""Photographs and pages: every digit that is found on one is boxed, read, and given its confidence.
A file is read once, not at every movement of the pen, and what is wrong with one is a sentence.
"""

import io
import secrets
from collections.abc import Sequence
from typing import cast

import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from mnist_core.arrays import Array, Picture
from mnist_core.data.own_digits import png_bytes
from mnist_core.inspection.doubt import Answer, answer_of
from mnist_core.inspection.pictures import DigitsOfPicture, digits_of_picture
from mnist_core.preprocess.image_files import MAX_FILE_BYTES, PictureError, open_picture
from ui.components.paste import pasted_picture
from ui.html import WORDS, data_table, photograph
from ui.networks import Predictor, digit_detector, shipped_predictors
from ui.theme import CNN, MARK, VALIDATION
from ui.words import probability, spelled

MAX_SENT_BYTES = 2 * 2**20  # what is larger is made smaller in the browser
SHOWN_SIDE = 1000  # pixels; the longest side of the picture with its boxes
TURNED = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)


def digits_of(content: bytes, turned: int = 0) -> DigitsOfPicture:
    """The digits in a file's bytes, turned by so many quarters; PictureError for a broken file."""
    picture = open_picture(content)
    if turned:
        picture = picture.transpose(TURNED[turned - 1])
    return digits_of_picture(picture, digit_detector())


def photographs(predictors: Sequence[Predictor]) -> None:
    """A file or the camera, the picture with its boxes, and the answers in a table."""
    chosen = _chosen_picture()
    if chosen is None:
        return
    try:
        sheet = _read_once(*chosen)
    except PictureError as error:
        st.error(spelled(str(error)))
        return
    _advice(sheet)
    if not sheet.found:
        st.warning("There are no digits to be found on this picture.")
        return
    _answers(sheet, predictors)


def show_drawing(ink: Picture) -> None:
    """Take a drawing, uint8 (H, W), as the picture that was chosen last."""
    st.session_state["pasted"] = (secrets.token_hex(8), png_bytes(255 - ink))


def _chosen_picture() -> tuple[str, bytes] | None:
    """An id and the content of what was chosen, dropped, pasted or photographed last."""
    left, right = st.columns(2)
    file = left.file_uploader(
        "A photograph or a page of digits",
        type=["png", "jpg", "jpeg", "webp"],
        max_upload_size=MAX_FILE_BYTES >> 20,
        help="Choose a file, or drop one here",
        on_change=_forget_pasted,
        key="photograph",
    )
    with left:
        pasted = pasted_picture(
            key="paste-photograph", most_bytes=MAX_SENT_BYTES, uploader="photograph"
        )
    if pasted:
        st.session_state["pasted"] = (secrets.token_hex(8), pasted)
    elif pasted is not None:
        left.error("This is no picture that your browser can make smaller: please choose a file.")
    if right.toggle("Use the camera", key="use-camera"):
        photograph = right.camera_input("Hold the page before the camera", key="camera")
        if photograph is not None:
            return photograph.file_id, photograph.getvalue()
    if "pasted" in st.session_state:
        return st.session_state["pasted"]
    return None if file is None else (file.file_id, file.getvalue())


def _forget_pasted() -> None:
    st.session_state.pop("pasted", None)


def _read_once(file_id: str, content: bytes) -> DigitsOfPicture:
    """The sheet in a file, as the visitor has turned it; kept until another one is chosen."""
    if st.session_state.get("turned-id") != file_id:
        st.session_state["turned-id"], st.session_state["turned"] = file_id, 0
    which = (file_id, st.session_state["turned"])
    if st.session_state.get("sheet-id") != which:
        st.session_state["sheet"] = digits_of(content, which[1])
        st.session_state["sheet-id"] = which
    return cast(DigitsOfPicture, st.session_state["sheet"])


def _advice(sheet: DigitsOfPicture) -> None:
    """What may be wrong with the picture, and a button that turns it."""
    if sheet.turns:
        how = "upside down" if sheet.turns == 2 else "on its side"
        st.warning(f"This page seems to lie {how}. Turn it?")
    if sheet.hollow:
        st.info(
            "The strokes are hollow, like letters to colour in: they were filled before they were "
            "read. Digits written with plain strokes are read more surely."
        )
    st.button(
        "Turn it" if sheet.turns else "Turn the picture by 90°",
        icon=":material/rotate_left:",
        type="primary" if sheet.turns else "tertiary",
        on_click=_turn,
        args=(sheet.turns or 1,),
        key="turn-picture",
    )


def _turn(quarters: int) -> None:
    st.session_state["turned"] = (st.session_state["turned"] + quarters) % 4


def _answers(sheet: DigitsOfPicture, predictors: Sequence[Predictor]) -> None:
    """Boxes with the answers of one network, and a row for every digit with those of all."""
    names = [predictor.name for predictor in predictors]
    best = shipped_predictors()[-1].name  # the CNN; a run that still learns reads worse
    chosen = st.segmented_control(
        "In the boxes", names, default=best, required=True, key="boxes-of"
    )
    probabilities = [predictor.network.predict_proba(sheet.images) for predictor in predictors]
    answers = [_answers_of(sheet, p) for p in probabilities]
    in_boxes = answers[names.index(chosen if chosen in names else best)]
    words = lines_in_words(sheet, in_boxes)
    st.html(f"<h2>{words or 'No digits'}</h2>")  # as changing_text: it changes
    left, right = st.columns(2)
    alt = f"the picture, with a box around what was found; read as: {words or 'no digits'}"
    left.html(photograph(with_boxes(sheet, in_boxes), alt=alt))
    if guessed := sum(map(bool, sheet.guesses)):
        left.warning(
            f"Boxes with a question mark are guesses, for the reason in the table: {guessed}."
        )
    pairs = zip(in_boxes, sheet.objections, strict=True)
    if unsure := sum(answer.unsure and not objection for answer, objection in pairs):
        left.info(f"Boxes with two digits are unsure, it could be either: {unsure}.")
    if no_digits := sum(map(bool, sheet.objections)):
        left.info(f"Grey boxes look like no digits, and are left out: {no_digits}.")
    rows: list[dict[str, str]] = []
    for number, (objection, guess) in enumerate(zip(sheet.objections, sheet.guesses, strict=True)):
        row = {"digit": f"{number + 1}"}
        for name, p, of in zip(names, probabilities, answers, strict=True):
            row[name] = "none" if objection else _in_table(of[number], p[number])
        row["remark"] = objection or (f"A guess: {guess}" if guess else "")
        rows.append(row)
    if rows:
        right.html(data_table(rows, caption="Every digit that was found", kind=WORDS))


def _answers_of(sheet: DigitsOfPicture, probabilities: Array) -> list[Answer]:
    """What a network says of every digit; its probabilities are (N, 10)."""
    pairs = zip(probabilities, sheet.guesses, strict=True)
    return [answer_of(p, guessed=bool(guess)) for p, guess in pairs]


def _in_table(answer: Answer, probabilities: Array) -> str:
    """An answer, and how probable: "3 (99.1 %)", "1 (54.0 %) or 7 (38.2 %)", "3? (or 8)"."""
    # How sure a network is says nothing where it sees a part, or two digits as one.
    if answer.guessed:
        return answer.figures
    digits = (answer.label, answer.second) if answer.unsure else (answer.label,)
    return " or ".join(f"{digit} ({probability(probabilities[digit])})" for digit in digits)


def lines_in_words(sheet: DigitsOfPicture, answers: Sequence[Answer]) -> str:
    """The digits of the sheet, line by line, without what is none: "0 1 (or 7) 2 / 3? 4 5"."""
    lines: dict[int, list[str]] = {}
    for found, objection, answer in zip(sheet.found, sheet.objections, answers, strict=True):
        if not objection:
            lines.setdefault(found.line, []).append(answer.figures)
    return " / ".join(" ".join(line) for line in lines.values())


def with_boxes(sheet: DigitsOfPicture, answers: Sequence[Answer]) -> bytes:
    """A PNG of the picture, with a box and the answer for every digit.

    "?" stands behind a guess, both digits where the answer is unsure; what looks like no digit has
    a grey box without an answer.
    """
    factor = min(1.0, SHOWN_SIDE / max(sheet.picture.size))
    size = (round(sheet.picture.width * factor), round(sheet.picture.height * factor))
    shown = sheet.picture.convert("RGB").resize(size)
    pencil = ImageDraw.Draw(shown)
    for found, objection, answer in zip(sheet.found, sheet.objections, answers, strict=True):
        box = [factor * edge for edge in found.box]
        colour = VALIDATION if answer.unsure or answer.guessed else CNN
        words = f"{answer.label}/{answer.second}" if answer.unsure else f"{answer.label}"
        words += "?" if answer.guessed else ""
        if objection:
            colour, words = MARK, ""
        pencil.rectangle(box, outline=colour, width=2)
        high = max(12.0, (box[3] - box[1]) / 3)
        font = ImageFont.load_default(high)
        baseline = max(box[1], high)  # above the box, unless the picture ends there
        pencil.text((box[0] + 3, baseline), words, fill=colour, font=font, anchor="ls")
    file = io.BytesIO()
    shown.save(file, "PNG")
    return file.getvalue()
