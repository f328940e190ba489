"""Photographs and pages: every digit that is found on one is boxed, read, and given its confidence.
A file is read once, not at every movement of the pen, and what is wrong with one is a sentence.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import streamlit as st
from PIL import Image, ImageDraw, ImageFont

from mnist_core.arrays import Array
from mnist_core.preprocess.image_files import MAX_FILE_BYTES, PictureError, open_picture
from mnist_core.preprocess.ink import ink_from_photo
from mnist_core.preprocess.normalize import normalize_drawing
from mnist_core.preprocess.segment import Found, digits_on_page
from ui.components.paste import pasted_picture
from ui.networks import Predictor
from ui.theme import CNN, VALIDATION

SHOWN_SIDE = 1000  # pixels; the longest side of the picture with its boxes


@dataclass(frozen=True)
class SheetOfDigits:
    """A picture, what was found on it in reading order, and its digits, uint8 (N, 28, 28)."""

    picture: Image.Image
    found: tuple[Found, ...]
    images: Array


def digits_of(content: bytes) -> SheetOfDigits:
    """The digits in a file's bytes; PictureError for a file that can't be read."""
    picture = open_picture(content)
    found = digits_on_page(ink_from_photo(picture), picture_size=picture.size)
    images = [normalize_drawing(digit.ink) for digit in found]
    return SheetOfDigits(picture, found, np.array(images, np.uint8).reshape(-1, 28, 28))


def photographs(predictors: Sequence[Predictor]) -> None:
    """A file or the camera, the picture with its boxes, and the answers in a table."""
    chosen = _chosen_picture()
    if chosen is None:
        return
    try:
        sheet = _read_once(*chosen)
    except PictureError as error:
        st.error(str(error))
        return
    if not sheet.found:
        st.warning("There are no digits to be found on this picture.")
        return
    _answers(sheet, predictors)


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
        pasted = pasted_picture(key="paste-photograph", most_bytes=MAX_FILE_BYTES)
    if pasted:
        st.session_state["pasted"] = (secrets.token_hex(8), pasted)
    elif pasted is not None:
        left.error(f"A picture may have at most {MAX_FILE_BYTES >> 20} MB.")
    if right.toggle("Use the camera", key="use-camera"):
        photograph = right.camera_input("Hold the page before the camera", key="camera")
        if photograph is not None:
            return photograph.file_id, photograph.getvalue()
    if "pasted" in st.session_state:
        return st.session_state["pasted"]
    return None if file is None else (file.file_id, file.getvalue())


def _forget_pasted() -> None:
    st.session_state.pop("pasted", None)


def _read_once(file_id: str, content: bytes) -> SheetOfDigits:
    """The sheet in a file; kept in the session until another one is chosen."""
    if st.session_state.get("sheet-id") != file_id:
        st.session_state["sheet"] = digits_of(content)
        st.session_state["sheet-id"] = file_id
    return cast(SheetOfDigits, st.session_state["sheet"])


def _answers(sheet: SheetOfDigits, predictors: Sequence[Predictor]) -> None:
    """Boxes with the answers of one network, and a row for every digit with those of all."""
    names = [predictor.name for predictor in predictors]
    chosen = st.segmented_control(
        "In the boxes", names, default=names[-1], required=True, key="boxes-of"
    )
    probabilities = [predictor.network.predict_proba(sheet.images) for predictor in predictors]
    in_boxes = probabilities[names.index(chosen) if chosen in names else 0]
    digits = in_boxes.argmax(axis=1)
    lines: dict[int, str] = {}
    for found, digit in zip(sheet.found, digits, strict=True):
        lines[found.line] = lines.get(found.line, "") + f" {digit}"
    st.subheader(" / ".join(line.strip() for line in lines.values()), anchor=False)
    left, right = st.columns([3, 2])
    touching = sum(found.touches_neighbour for found in sheet.found)
    left.image(with_boxes(sheet, digits), width="stretch")
    if touching:
        left.warning(f"Boxes with a question mark are probably two digits that touch: {touching}.")
    rows = []
    for number, found in enumerate(sheet.found):
        row = {"digit": f"{number + 1}"}
        for predictor, p in zip(predictors, probabilities, strict=True):
            row[predictor.name] = f"{p[number].argmax()} ({p[number].max():.1%})"
        row["remark"] = "touches its neighbour: a guess" if found.touches_neighbour else ""
        rows.append(row)
    right.dataframe(rows, hide_index=True)


def with_boxes(sheet: SheetOfDigits, digits: Array) -> Image.Image:
    """The picture with a box and the answer for every digit; "?" where two digits may touch."""
    factor = min(1.0, SHOWN_SIDE / max(sheet.picture.size))
    size = (round(sheet.picture.width * factor), round(sheet.picture.height * factor))
    shown = sheet.picture.convert("RGB").resize(size)
    pencil = ImageDraw.Draw(shown)
    for found, digit in zip(sheet.found, digits, strict=True):
        box = [factor * edge for edge in found.box]
        colour = VALIDATION if found.touches_neighbour else CNN
        words = f"{digit}?" if found.touches_neighbour else f"{digit}"
        pencil.rectangle(box, outline=colour, width=2)
        font = ImageFont.load_default(max(12.0, (box[3] - box[1]) / 3))
        pencil.text((box[0] + 3, box[1]), words, fill=colour, font=font, anchor="ls")
    return shown
