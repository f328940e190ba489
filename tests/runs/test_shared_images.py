"""A training process reads the images that its server keeps beside the runs."""

from pathlib import Path

import pytest

from mnist_core.data.shared import KEPT, mnist_of_all
from mnist_core.runs.commands import Resume
from mnist_core.runs.local import LocalPool
from mnist_core.runs.settings import PoolSettings
from mnist_core.training.run import EpochResult
from tests.runs.tools import CONFIG, TIMEOUT, at, ended

IMAGES = f"{KEPT}/train-images.npy"


def trained(folder: Path) -> tuple[str, tuple[EpochResult, ...]]:
    """What the process of a run in that folder has mapped into memory, and the run's curve."""
    with LocalPool(PoolSettings(folder=folder)) as pool:
        handle = pool.start(CONFIG, paused=True)
        handle.wait_for(at(0, "paused"), TIMEOUT)
        maps = Path(f"/proc/{handle.process_id}/maps").read_text()
        handle.send(Resume())
        view = handle.wait_for(ended, TIMEOUT)
    assert view.status == "finished"
    return maps, view.results


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="needs Linux to see what is mapped"
)
def test_a_run_on_images_that_all_share_has_the_same_numbers_as_on_its_own(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    mnist_of_all(tmp_path / "shared" / KEPT, write=True)
    of_all, results = trained(tmp_path / "shared")
    of_its_own, same_results = trained(tmp_path / "own")
    assert IMAGES in of_all and IMAGES not in of_its_own
    assert results == same_results
