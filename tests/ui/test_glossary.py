"""Every word that a page explains is known."""

import pytest

from ui.backprop.page import GLOSSARY
from ui.glossary import WORDS
from ui.weights.page import WORDS_OF_MAPS, WORDS_OF_UNITS


@pytest.mark.parametrize("names", [WORDS_OF_UNITS, WORDS_OF_MAPS, GLOSSARY])
def test_a_page_explains_known_words_once(names: tuple[str, ...]) -> None:
    assert set(names) <= WORDS.keys()
    assert len(set(names)) == len(names)
