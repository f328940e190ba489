"""Images one after the other, with what each network reads in them."""

from mnist_core.arrays import Array
from ui.choices import EVALUATE
from ui.components.image_browser import Reader, image_browser
from ui.evaluate.going_on import go_on_with
from ui.evaluate.subjects import Subjects

MOST = 500  # images that one list holds


def browse(subjects: Subjects, numbers: Array, words: str, *, key: str) -> None:
    """Step through the images of these numbers (N,), at least one; `words` say what they are."""
    if len(numbers) > MOST:
        words = f"first {MOST:,} of {len(numbers):,} {words}"
        numbers = numbers[:MOST]
    listed = numbers.tolist()
    # Another network's list begins with its own worst, wherever one was in the other's.
    of = f"{subjects.images.hash} {subjects.first.fingerprint} "
    here = EVALUATE.said("image", listed[0], listed, of=of)
    split = subjects.images.split
    place = image_browser(
        split.images[numbers],
        titles=[subjects.images.title(number) for number in listed],
        labels=split.labels[numbers],
        readers=[
            Reader(one.name, one.colour, one.answers.probabilities[numbers]) for one in subjects.all
        ],
        chosen=listed.index(here),
        key=EVALUATE.key(f"browser_{key}"),
        description=f"{len(listed):,} {words}",
    )
    if place is not None:
        EVALUATE.choose("image", here := listed[place], of=of)
    go_on_with(subjects, here, key=key)
