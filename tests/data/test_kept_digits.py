"""Own digits on disk: they come back, damaged files do no harm, and there are never too many."""

import os
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.kept_digits import KeptDigits
from mnist_core.data.mnist import Dataset
from mnist_core.data.own_digits import empty

ME, YOU, OTHER = "a" * 32, "b" * 32, "c" * 32


def test_digits_come_back_to_whom_they_belong(small: Dataset, tmp_path: Path) -> None:
    KeptDigits(tmp_path / "own").save(ME, small.test[:5])
    again = KeptDigits(tmp_path / "own")
    assert np.array_equal(again.load(ME).images, small.test.images[:5])
    assert len(again.load(YOU)) == 0


def test_digits_that_were_taken_out_leave_no_file(small: Dataset, tmp_path: Path) -> None:
    kept = KeptDigits(tmp_path)
    kept.save(ME, small.test[:5])
    kept.mark_taught(ME, True)
    kept.save(ME, empty())
    assert list(tmp_path.iterdir()) == [] and not kept.is_taught(ME)


def test_a_damaged_file_is_as_good_as_none(small: Dataset, tmp_path: Path) -> None:
    kept = KeptDigits(tmp_path)
    kept.save(ME, small.test[:5])
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert len(kept.load(ME)) == 0


def test_the_visitors_who_came_longest_ago_go_first(small: Dataset, tmp_path: Path) -> None:
    kept = KeptDigits(tmp_path, most=2)
    for age, visitor in ((200, ME), (100, YOU)):
        kept.save(visitor, small.test[:3])
        kept.mark_taught(visitor, True)
        (file,) = tmp_path.glob(f"{visitor}.zip")
        then = file.stat().st_mtime - age
        os.utime(file, (then, then))
    kept.save(OTHER, small.test[:3])
    assert [len(kept.load(visitor)) for visitor in (ME, YOU, OTHER)] == [0, 3, 3]
    assert not kept.is_taught(ME) and kept.is_taught(YOU)


def test_a_name_that_is_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no visitor"):
        KeptDigits(tmp_path).load("../" + "a" * 29)
