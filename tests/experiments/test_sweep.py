"""What a search found: rows, means over seeds, the best; and runs that are kept."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_core.data.mnist import Dataset
from mnist_core.experiments.jobs import Outcome
from mnist_core.experiments.kept_runs import KeptRuns
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import (
    Score,
    best,
    candidate,
    judged_by_test_images,
    outcome,
    run_row,
    scores,
    summary_row,
    write_best,
    write_tables,
)
from mnist_core.nn.builders import build_model
from mnist_core.nn.metrics import accuracy
from mnist_core.training.run import EpochResult
from tests.experiments.test_runner import CONFIG, straight


def ended(
    index: int, *accuracies: float, loss: float = 0.5, status: Outcome = "finished"
) -> Finished:
    """A run with these validation accuracies of its epochs."""
    history = tuple(
        EpochResult(epoch, loss, 0.9, 0.6, share, 1.0)
        for epoch, share in enumerate(accuracies, start=1)
    )
    config = replace(CONFIG, seed=CONFIG.seed + index % 2)
    return Finished(index, config, status, history=history, seconds=2.0)


@pytest.fixture
def scored() -> list[Score]:
    """Three rates with two seeds each; a seed of the last one diverged."""
    candidates = [candidate(CONFIG, {"learning_rate": rate}, 2) for rate in (0.1, 0.01, 1.0)]
    runs = [
        ended(0, 0.5, 0.8), ended(3, 0.7), ended(1, 0.9, 0.6), ended(2, 0.75),
        ended(4, 0.99), ended(5, status="diverged"),
    ]  # fmt: skip
    return scores(candidates, runs)


def test_a_candidate_has_a_run_for_each_seed_from_its_own_on() -> None:
    one = candidate(CONFIG, {"learning_rate": 0.5}, 3)
    assert one.configs == tuple(replace(CONFIG, learning_rate=0.5, seed=s) for s in (3, 4, 5))


def test_scores_are_of_the_last_epoch_over_seeds(scored: list[Score]) -> None:
    first, second, third = scored
    assert (first.accuracies, second.accuracies) == ([0.8, 0.6], [0.75, 0.7])
    assert first.mean == pytest.approx(0.7)
    assert first.deviation == pytest.approx(0.1 * 2**0.5)  # 0.1 from the mean, twice, n - 1 = 1
    assert (third.mean, third.deviation, third.diverged) == (0.99, None, 1)


def test_the_best_has_the_highest_mean_and_no_seed_that_diverged(scored: list[Score]) -> None:
    assert best(scored) is scored[1]
    assert best(scored[2:]) is None


def test_rows_of_a_run_name_its_best_epoch_and_its_last(scored: list[Score]) -> None:
    assert run_row({"learning_rate": 0.1}, scored[0].runs[1]) == {
        "learning_rate": "0.1", "seed": 4, "best_validation_accuracy": 0.9, "best_epoch": 1,
        "train_accuracy": 0.9, "validation_accuracy": 0.6, "train_loss": 0.5,
        "validation_loss": 0.6, "outcome": "finished", "seconds": 2.0,
    }  # fmt: skip
    gone = run_row({}, scored[2].runs[1])
    assert gone["outcome"] == "diverged" and gone["best_epoch"] is gone["train_loss"] is None


def test_a_run_that_is_no_better_than_guessing_stood_still() -> None:
    # Guessing has a loss of ln 10 = 2.3026; 95 % of it is 2.1875.
    assert outcome(ended(0, 0.1, loss=2.19)) == "stood still"
    assert outcome(ended(0, 0.1, loss=2.18)) == "finished"


def test_tables_have_a_row_a_run_and_a_row_a_candidate(scored: list[Score], tmp_path) -> None:
    write_tables(tmp_path, scored)
    results = (tmp_path / "results.csv").read_text().splitlines()
    assert len(results) == 1 + 6
    assert results[6] == "1,4,,,,,,,diverged,2.0"
    summary = (tmp_path / "summary.csv").read_text().splitlines()
    assert summary[0] == (
        "learning_rate,runs,diverged,mean,minimum,maximum,standard_deviation,seconds"
    )
    assert summary[3] == "1,2,1,0.99,0.99,0.99,,2.0"
    assert summary_row(scored[1])["minimum"] == 0.7


def test_a_kept_run_is_not_trained_again(small: Dataset, tmp_path, trained) -> None:
    configs = [replace(CONFIG, seed=seed) for seed in (3, 4)]
    first = list(KeptRuns(tmp_path, small).run(configs[:1]))
    more = {run.config: run for run in KeptRuns(tmp_path, small).run(configs)}
    again = {run.config: run for run in KeptRuns(tmp_path, small).run(configs)}
    assert trained == [1, 1, 0]
    assert more[configs[0]] == first[0] == again[configs[0]]
    assert replace(again[configs[1]], index=0) == replace(more[configs[1]], index=0)
    assert list(again[configs[1]].history) == straight(configs[1], small).history


def test_a_kept_run_is_of_its_settings_and_its_images(small: Dataset, tmp_path, trained) -> None:
    kept = KeptRuns(tmp_path, small)
    other_images = KeptRuns(tmp_path, replace(small, sha256="other"))
    assert kept.key(CONFIG) == kept.key(replace(CONFIG, threads=2))  # the same numbers
    assert len({kept.key(CONFIG), kept.key(replace(CONFIG, dropout=0.2)),
                other_images.key(CONFIG)}) == 3  # fmt: skip


@pytest.mark.parametrize("damage", ["cut", "other", "lost"])
def test_a_damaged_run_is_trained_again(small: Dataset, tmp_path, trained, damage) -> None:
    kept = KeptRuns(tmp_path, small)
    (first,) = kept.run([CONFIG])
    path = kept.folder / f"{kept.key(CONFIG)}.json"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "other":
        path.write_text("[1]")
    else:
        kept.network(CONFIG).unlink()
    (again,) = kept.run([CONFIG])
    assert trained == [1, 1] and again.history == first.history


def test_a_run_that_failed_is_not_kept(small: Dataset, tmp_path: Path) -> None:
    kept = KeptRuns(tmp_path, small)
    (failed,) = kept.run([replace(CONFIG, train_size=700)])
    assert failed.status == "failed" and not list(kept.folder.iterdir())


def test_the_test_images_judge_the_best_once(small: Dataset, tmp_path: Path) -> None:
    kept = KeptRuns(tmp_path, small)
    one = candidate(CONFIG, {"learning_rate": 0.01}, 2)
    (score,) = scores([one], kept.run(one.configs))
    shares = judged_by_test_images(score, kept, small.test)
    networks = [straight(config, small).network() for config in one.configs]
    by_hand = [accuracy(n.predict(small.test.images), small.test.labels) for n in networks]
    assert shares == by_hand
    write_best(tmp_path / "best.json", score, shares)
    said = json.loads((tmp_path / "best.json").read_text())
    assert said["settings"] == {"learning_rate": "0.01"} and said["test_accuracies"] == shares
    blank = replace(small.test, images=np.zeros_like(small.test.images))
    assert judged_by_test_images(score, kept, blank) == shares  # it did not look again


def test_a_run_with_given_initial_weights_is_kept_beside_that_of_its_seed(
    small: Dataset, tmp_path: Path, trained: list[int]
) -> None:
    kept = KeptRuns(tmp_path, small)
    other = build_model(**CONFIG.network, rng=np.random.default_rng(0)).parameters.flat
    both = [CONFIG, CONFIG], [None, other]
    first = {run.index: run for run in kept.run(both[0], initial=both[1])}
    again = {run.index: run for run in kept.run(both[0], initial=both[1])}
    assert trained == [2, 0] and first == again
    assert first[0].history == kept.load(CONFIG, 0).history != first[1].history  # pyright: ignore


def test_what_is_watched_has_the_index_among_all_runs(small: Dataset, tmp_path: Path) -> None:
    kept, watched = KeptRuns(tmp_path, small), []
    configs = [replace(CONFIG, seed=seed) for seed in (3, 4, 5)]
    list(kept.run(configs[:1]))
    how = {"watch": lambda standing: watched.append(standing.index), "processes": 1}
    assert [run.index for run in kept.run(configs, urgent=[2], **how)] == [0, 2, 1]
    assert watched == [2, 2, 1, 1]


def test_runs_that_were_needed_longest_ago_make_room(small: Dataset, tmp_path: Path) -> None:
    kept = KeptRuns(tmp_path, small)
    configs = [replace(CONFIG, seed=seed) for seed in (3, 4, 5)]
    for age, one in enumerate(kept.run(configs, processes=1)):
        for ending in (".json", ".npz"):
            used = 1_000_000 - age
            os.utime(kept.folder / f"{kept.key(one.config)}{ending}", (used, used))
        kept.recognised(one.config, small.test)
        os.utime(kept.folder / f"{kept.key(one.config)}.test", (used, used))
    total = sum(path.stat().st_size for path in kept.folder.iterdir())
    kept.shrink(total)
    assert all(map(kept.has, configs))
    kept.shrink(total - 1, needed=[kept.key(configs[2])])
    assert [kept.has(config) for config in configs] == [True, False, True]
    kept.shrink(0, needed=[kept.key(configs[2])])
    assert {path.stem for path in kept.folder.iterdir()} == {kept.key(configs[2])}


def test_a_file_is_no_folder_to_keep_runs_in(small: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file: give the name of a folder"):
        KeptRuns(tmp_path / "file", small)
