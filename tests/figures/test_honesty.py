"""The chart of accuracy against coverage: where its dots are."""

import re

import numpy as np
import pytest

from mnist_core.evaluation.calibration import coverage_curve
from mnist_core.figures.honesty import Line, coverage_chart

CONFIDENCE = np.linspace(0.1, 1, 10)
CURVE = coverage_curve(CONFIDENCE, np.arange(10) > 1)
DOT = re.compile('<path d="(M[^h"]*)h')


@pytest.mark.parametrize("answered", [(0.0, 0.0), (0.2, 1.0)])
def test_a_dot_of_few_answers_stays_at_the_end_of_its_line(answered: tuple[float, float]) -> None:
    line = [(Line("MLP", "#009e73"), CURVE)]
    kept, last = (coverage_chart(line, [place], alt="") for place in (answered, (0.5, 1.0)))
    assert DOT.findall(kept) == DOT.findall(last)
    assert len(DOT.findall(kept)) == 1
