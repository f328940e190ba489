"""Every word that a page explains is known."""

import pytest

from ui.backprop.page import GLOSSARY
from ui.evaluate import alike, headline, honesty, robustness, scores, the_data
from ui.experiments import compare_result, report, searching
from ui.glossary import WORDS
from ui.weights.page import WORDS_OF_MAPS, WORDS_OF_UNITS

OF_EVALUATE = [headline, scores, honesty, robustness, alike, the_data]
OF_OTHERS = [part.WORDS for part in (*OF_EVALUATE, report, searching, compare_result)]


@pytest.mark.parametrize("names", [WORDS_OF_UNITS, WORDS_OF_MAPS, GLOSSARY, *OF_OTHERS])
def test_a_page_explains_known_words_once(names: tuple[str, ...]) -> None:
    assert set(names) <= WORDS.keys()
    assert len(set(names)) == len(names)
