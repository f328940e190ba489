"""`predict`: reads the digit in each picture, or the digits on a page of several."""

import argparse
from pathlib import Path
from typing import Any

from mnist_core.arrays import Array
from mnist_core.cli.output import complain, say, spelled, tell
from mnist_core.cli.parser import Command, add_model, file_name
from mnist_core.inspection.digit_detector import DigitDetector
from mnist_core.inspection.doubt import answer_of
from mnist_core.inspection.pictures import DigitsOfPicture, digits_of_picture
from mnist_core.paths import PROGRAM
from mnist_core.preprocess.image_files import open_picture
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
            sheet = digits_in(path, detector)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            complain(f"{PROGRAM} predict: {spelled(path)}: {reason}")
            status = 2
            continue
        for number, probabilities in enumerate(model.predict_proba(sheet.images)):
            if options.json:
                say(_answer(path, sheet, number, probabilities))
            else:
                tell(_sentence(path, sheet, number, probabilities))
    return status


def _answer(
    path: Path, sheet: DigitsOfPicture, number: int, probabilities: Array
) -> dict[str, Any]:
    """What is known of a digit, in JSON's types; of a page also where it stands."""
    said = answer_of(probabilities, guessed=bool(sheet.guesses[number]))
    answer: dict[str, Any] = {"image": str(path), "label": said.label}
    answer["probabilities"] = [round(float(p), 6) for p in probabilities]
    answer |= {"second": said.second, "unsure": said.unsure}
    if len(sheet.found) > 1:
        place = sheet.found[number]
        answer["box"] = [int(edge) for edge in place.box]
        answer |= {"line": place.line + 1, "touching": place.touches_neighbour}
    if objection := sheet.objections[number]:
        answer["objection"] = objection
    if guess := sheet.guesses[number]:
        answer["guess"] = guess
    return answer


def _sentence(path: Path, sheet: DigitsOfPicture, number: int, probabilities: Array) -> str:
    """The same for people."""
    said = answer_of(probabilities, guessed=bool(sheet.guesses[number]))
    line = sheet.found[number].line + 1
    where = f", digit {number + 1} on line {line}" if len(sheet.found) > 1 else ""
    answer = f"{said.label}  ({probabilities[said.label]:.1%})"
    if said.unsure:
        of_second = f"{said.second}  ({probabilities[said.second]:.1%})"
        answer = f"{answer} or {of_second}: unsure"
    if objection := sheet.objections[number]:
        answer = f"No digit? {objection} If it were one: {answer}"
    elif guess := sheet.guesses[number]:
        # A percentage says nothing where the network sees a part, or two digits as one.
        answer = f"{said.figures}  A guess: {guess}"
    return f"{spelled(path)}{where}: {answer}"


def digits_in(path: Path, detector: DigitDetector) -> DigitsOfPicture:
    """The digits of a picture in reading order; ValueError if there is nothing on it."""
    sheet = digits_of_picture(open_picture(path), detector)
    if not sheet.found:
        raise ValueError(
            "There is no writing to be seen on this picture: please send one with a dark digit on "
            "light paper, or a light one on dark."
        )
    return sheet


COMMAND = Command(
    "predict", "Read the digit, or the page of digits, in each picture.", add_options, run
)
