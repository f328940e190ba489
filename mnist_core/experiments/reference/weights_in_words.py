"""What the pictures of two networks' weights show, in sentences that are made of the numbers."""

from collections.abc import Mapping, Sequence

from mnist_core.experiments.reference.plan import MANY
from mnist_core.experiments.reference.weights import WeightPictures
from mnist_core.words import percent

MOSTLY = 0.5  # of the variance: above it, a picture is mostly what it began as
SMOOTH = 0.5  # correlation of neighbours: above it, one sees strokes rather than dust


def what_the_weights_show(found: Sequence[WeightPictures], called: Mapping[str, str]) -> list[str]:
    """A paragraph for each network, and what made the report's pictures hard to read."""
    said = [_one(one, called[one.name]) for one in found]
    own = next((one for one in found if one.name == MANY), None)
    other = next((one for one in found if one.name != MANY), None)
    if own is not None and other is not None:
        said.append(_difference(own, other))
    return said


def _one(one: WeightPictures, name: str) -> str:
    neighbours = "much alike" if one.smoothness > SMOOTH else "hardly alike"
    return (
        f"**{name[0].upper()}{name[1:]}:** the random initial weights explain "
        f"{percent(one.initial_share, 0)} of the variance of the final ones. {one.blank_pixels} of "
        "784 pixels have no ink on any training image, and "
        f"{percent(one.blank_share, 0)} of all squared weights lie there. Neighbouring weights "
        f"are {neighbours} (correlation {one.smoothness:.2f}; random ones have 0)."
    )


def _difference(own: WeightPictures, other: WeightPictures) -> str:
    """Whether chance is what made the report's pictures a Rorschach test."""
    begin = "The report found its pictures to be “a Rorschach test”."
    if own.initial_share <= other.initial_share and own.blank_share <= other.blank_share:
        return (
            f"{begin} Here they hold no more of the random start than those of the well-trained "
            "network, so that is not what made them hard to read."
        )
    mostly = "mostly" if own.initial_share > MOSTLY else "partly"
    reasons = [
        f"they are {mostly} the random numbers that training began with "
        f"({percent(own.initial_share, 0)}, against {percent(other.initial_share, 0)} in the "
        "well-trained network)"
    ]
    if own.blank_share > other.blank_share:
        reasons.append(
            "at the margin, where no digit ever has ink, nothing moves them at all "
            f"({percent(own.blank_share, 0)} of the squared weights against "
            f"{percent(other.blank_share, 0)})"
        )
    return f"{begin} What made them one: {'; and '.join(reasons)}."
