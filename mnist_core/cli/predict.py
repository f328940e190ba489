"""`predict`: reads the digit in each picture, or the digits on a page of several."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mnist_core.arrays import Array
from mnist_core.cli.output import complain, say, spelled, tell
from mnist_core.cli.parser import Command, add_model, file_name
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.inspection.sheets import digits_of_sheet
from mnist_core.preprocess.image_files import open_picture
from mnist_core.preprocess.ink import ink_from_photo
from mnist_core.preprocess.segment import Found
from mnist_core.training.checkpoint import load_model


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which network, and which pictures."""
    add_model(parser)
    parser.add_argument(
        "images", nargs="+", type=file_name, metavar="IMAGE", help="A picture file."
    )


def run(options: argparse.Namespace) -> int:
    """Print the most probable digit of each picture, or of each digit on a page of several.

    A picture that can't be read is named, and the others are read all the same.
    """
    model, detector = load_model(options.model), DigitDetector.load()
    status = 0
    for path in options.images:
        try:
            found, images = digits_in(path, detector)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            complain(f"mnist_core predict: {spelled(path)}: {reason}")
            status = 2
            continue
        for number, (place, image) in enumerate(zip(found, images, strict=True), start=1):
            probabilities, objection = (
                model.predict_proba(image[None])[0],
                detector.objection(image),
            )
            if options.json:
                say(_answer(path, place, probabilities, objection))
            else:
                tell(_sentence(path, number, place, probabilities, objection))
    return status


def _answer(
    path: Path, place: Found | None, probabilities: Array, objection: str
) -> dict[str, Any]:
    """What is known of a digit, in JSON's types."""
    answer: dict[str, Any] = {"image": str(path), "label": int(probabilities.argmax())}
    answer["probabilities"] = [round(float(p), 6) for p in probabilities]
    if place:
        answer["box"] = [int(edge) for edge in place.box]
        answer |= {"line": place.line + 1, "touching": place.touches_neighbour}
    return answer | ({"objection": objection} if objection else {})


def _sentence(
    path: Path, number: int, place: Found | None, probabilities: Array, objection: str
) -> str:
    """The same for people; `number` counts the digits of a page."""
    label = int(probabilities.argmax())
    where = f", digit {number} on line {place.line + 1}" if place else ""
    remark = f"  No digit? {objection}" if objection else ""
    if place and place.touches_neighbour:
        remark = "  A guess: it touches its neighbour."
    return f"{spelled(path)}{where}: {label}  ({probabilities[label]:.1%}){remark}"


def digits_in(path: Path, detector: DigitDetector) -> tuple[Sequence[Found | None], Array]:
    """The digits of a picture in reading order, uint8 (N, 28, 28), and where each was found.

    None stands for the whole picture. ValueError if there is nothing on it.
    """
    picture = open_picture(path)
    ink = ink_from_photo(picture)
    if not ink.any():
        raise ValueError(
            "There is no writing to be seen on this picture: please send one with a dark digit on "
            "light paper, or a light one on dark."
        )
    return digits_of_sheet(ink, detector, picture_size=picture.size)


COMMAND = Command(
    "predict", "Read the digit, or the page of digits, in each picture.", add_options, run
)
