"""A full evaluation: every step adds to what is known, and its tables have the core's numbers."""

import csv
import io
from dataclasses import replace

import numpy as np
import pytest

from mnist_core import load_model
from mnist_core.data.mnist import Dataset, Split
from mnist_core.evaluation.answers import answers_of, disagreements
from mnist_core.evaluation.data_checks import label_doubts
from mnist_core.evaluation.full import Candidate, Evaluation, JudgedImages, Step, full_evaluation
from mnist_core.evaluation.scores import class_scores, confusion_matrix, mcnemar
from mnist_core.evaluation.tables import file_names, tables
from mnist_core.nn.builders import build_mlp

KINDS = ("shift", "blur")


@pytest.fixture(scope="module")
def candidates() -> list[Candidate]:
    weak = build_mlp(hidden=(8,), rng=np.random.default_rng(0))
    return [Candidate("MLP", load_model("mlp"), has_learned_validation=True), Candidate("=5", weak)]


@pytest.fixture(scope="module")
def steps(small: Dataset, candidates: list[Candidate]) -> list[Step]:
    test = small.test
    same = Split(np.concatenate([test.images, small.train.images[7:8]]), np.append(test.labels, 3))
    images = JudgedImages("test images", "test image", same)
    how = {"validation": small.validation, "training": small.train, "kinds": KINDS}
    return list(full_evaluation(candidates, images, **how))


@pytest.fixture(scope="module")
def whole(steps: list[Step]) -> Evaluation:
    return steps[-1].evaluation


@pytest.fixture(scope="module")
def written(whole: Evaluation) -> dict[str, list[list[str]]]:
    return {name: list(csv.reader(io.StringIO(text))) for name, text in tables(whole).items()}


def column(table: list[list[str]], name: str) -> np.ndarray:
    place = table[0].index(name)
    return np.array([float(row[place] or "nan") for row in table[1:]])


def test_each_step_says_how_far_it_is_and_what_is_missing(steps: list[Step]) -> None:
    done = [step.done for step in steps]
    assert done == sorted(set(done)) and done[-1] == pytest.approx(1)
    assert len(steps) == 3 + 18
    missing = [step.evaluation.missing for step in steps]
    assert missing[0] == "the answers of =5, the data checks and robustness"
    assert missing[2:4] == ["robustness", "17 of 18 points of robustness"]
    assert missing[-1] == ""


def test_it_has_what_the_parts_give_by_themselves(
    whole: Evaluation, candidates: list[Candidate]
) -> None:
    split = whole.images.split
    for one, candidate in zip(whole.judged, candidates, strict=True):
        np.testing.assert_array_equal(
            one.answers.logits, answers_of(candidate.network, split).logits
        )
    assert len(whole.judged[0].calibrated.temperatures) == 2  # has learned the validation images
    assert len(whole.judged[1].calibrated.temperatures) == 1
    assert whole.duplicates is not None and whole.duplicates.second.tolist() == [200]
    assert whole.among == "600 training images"
    assert [point.kind for point in whole.points] == ["shift"] * 9 + ["blur"] * 9


def test_every_table_is_there_under_a_name_that_any_disk_has(written: dict) -> None:
    of_each = ("confusion", "classes", "mistakes", "predictions", "reliability", "coverage")
    expected = {f"{what}-{name}.csv" for what in of_each for name in ("mlp", "5")}
    expected |= {"summary.csv", "comparison.csv", "disagreements.csv", "robustness.csv"}
    assert written.keys() == expected | {"labels-in-doubt.csv", "duplicates.csv"}
    assert all(len({len(row) for row in table}) == 1 for table in written.values())


def test_the_lines_end_as_the_standard_has_it(whole: Evaluation) -> None:
    for text in tables(whole).values():
        assert text.endswith("\r\n") and text.count("\n") == text.count("\r\n")


def test_the_numbers_are_those_of_the_core_to_the_last_digit(
    whole: Evaluation, written: dict
) -> None:
    first, second = whole.judged
    summary, answers = written["summary.csv"], first.answers
    assert column(summary, "accuracy_share")[0] == answers.accuracy
    assert column(summary, "accuracy_95_low_share")[0] == first.interval[0]
    error = first.calibrated.reliability_before.error
    assert column(summary, "calibration_error_share")[0] == error
    assert column(summary, "temperature_of_odd_images")[0] == first.calibrated.temperatures[1]
    confusion = confusion_matrix(answers.predictions, answers.labels)
    assert [[int(cell) for cell in row[1:]] for row in written["confusion-mlp.csv"][1:]] == (
        confusion.tolist()
    )
    f1 = column(written["classes-mlp.csv"], "f1_share")
    np.testing.assert_array_equal(f1, class_scores(confusion).f1)
    row = written["predictions-mlp.csv"][5]
    assert [np.float32(cell) for cell in row[4:]] == answers.probabilities[4].tolist()
    test = mcnemar(answers.right, second.answers.right)
    comparison = written["comparison.csv"]
    assert column(comparison, "mcnemar_p_value")[0] == test.p_value
    assert column(comparison, "only_first_right_images")[0] == test.only_first


def test_lists_of_images_are_in_the_order_of_the_core(whole: Evaluation, written: dict) -> None:
    first, second = whole.judged
    mistakes = column(written["mistakes-mlp.csv"], "image")
    assert mistakes.tolist() == first.answers.worst_mistakes.tolist()
    listed = column(written["disagreements.csv"], "image")
    assert listed.tolist() == disagreements(first.answers, second.answers).tolist()
    mean = (first.answers.probabilities + second.answers.probabilities) / 2
    doubts = label_doubts(mean, whole.images.split.labels)
    assert column(written["labels-in-doubt.csv"], "image").tolist() == doubts.images.tolist()
    assert written["duplicates.csv"][1] == ["7", "200", "0.0"]


def test_robustness_has_a_row_for_each_network_and_strength(
    whole: Evaluation, written: dict
) -> None:
    rows = written["robustness.csv"]
    assert len(rows) == 1 + 2 * 18
    assert rows[1][:5] == ["shift", "0", "pixels", "MLP", "201"]
    assert float(rows[1][6]) == whole.judged[0].answers.accuracy


def test_an_empty_bin_has_empty_cells(written: dict) -> None:
    row = next(row for row in written["reliability-mlp.csv"] if row[3] == "0")
    assert row[4:] == ["", ""]


def test_two_names_that_become_the_same_are_told_apart(whole: Evaluation) -> None:
    first, second = whole.judged
    same = replace(second, candidate=replace(second.candidate, name="mlp "))
    odd = replace(second, candidate=replace(second.candidate, name="../.."))
    assert file_names([first, same]) == ["mlp", "mlp-2"]
    assert file_names([first, odd]) == ["mlp", "network-2"]


def test_a_few_images_without_any_others_are_enough(
    mnist: Dataset, candidates: list[Candidate]
) -> None:
    few = mnist.test[:3]
    images = JudgedImages("digits", "digit", Split(few.images[[0, 1, 0]], few.labels[[0, 1, 0]]))
    how = {"validation": None, "training": None, "kinds": ()}
    *_, last = full_evaluation(candidates[:1], images, **how)
    found = last.evaluation
    assert found.mcnemar is None and found.judged[0].calibrated.after is None
    assert found.among == "the images themselves" and found.missing == ""
    assert "duplicates.csv" in tables(found) and "robustness.csv" not in tables(found)
    assert tables(found)["duplicates.csv"].splitlines()[1:] == ["0,2,0.0"]
