"""What the runs of the experiment led to, and the one look at the test images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from mnist_core.data.mnist import Dataset
from mnist_core.evaluation.scores import wilson_interval
from mnist_core.experiments.kept_runs import KeptRuns
from mnist_core.experiments.reference.plan import CNN, FASTER, FEW, MANY, PART, Plan
from mnist_core.experiments.reference.sizes import Course, Statement, course, statements
from mnist_core.experiments.reference.weights import WeightPictures, weight_pictures
from mnist_core.experiments.runner import Finished
from mnist_core.experiments.sweep import Score, best, scores
from mnist_core.training.checkpoint import load_model
from mnist_core.training.run import EpochResult

SWEEP, WELL = "sweep", "well"  # the first seed of the best rate; the best of the recipes


@dataclass(frozen=True)
class Recognised:
    """How many of the test images a network recognises."""

    right: int
    total: int

    @property
    def accuracy(self) -> float:
        """0..1."""
        return self.right / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %."""
        return wilson_interval(self.right, self.total)


@dataclass(frozen=True)
class Found:
    """All that is known at the end, or of runs of which some are "unfinished".

    Args:
        runs: those with a name, and SWEEP and WELL where validation could choose one.
        scores: of the sweep's candidates, in the plan's order.
        tests: of those of `runs` that went well.
        weights: the pictures of the report's network and of the well-trained one, if they went
            well.
    """

    plan: Plan
    runs: dict[str, Finished]
    scores: tuple[Score, ...]
    tests: dict[str, Recognised]
    weights: tuple[WeightPictures, ...]
    validation_images: int
    is_complete: bool = True


def so_far(
    plan: Plan,
    finished: Mapping[int, Finished],
    curves: Mapping[int, Sequence[EpochResult]],
    data: Dataset,
) -> Found:
    """What is known while runs go on: those that are finished, and the epochs of others so far."""
    runs = {
        name: finished.get(index)
        or Finished(index, config, "unfinished", history=tuple(curves.get(index, ())))
        for index, (name, config) in enumerate(plan.named.items())
    }
    scored = _scored(plan, finished.values())
    return Found(plan, runs, scored, {}, (), len(data.validation), is_complete=False)


def _scored(plan: Plan, finished: Iterable[Finished]) -> tuple[Score, ...]:
    """The sweep's candidates with their runs, from the runs of the whole experiment."""
    first = len(plan.named)
    swept = [replace(run, index=run.index - first) for run in finished if run.index >= first]
    return tuple(scores(plan.sweep, swept))


def gathered(plan: Plan, finished: Sequence[Finished], kept: KeptRuns, data: Dataset) -> Found:
    """Choose by validation, then look at the test images; ValueError if a run failed."""
    if failed := [run for run in finished if run.status == "failed"]:
        raise ValueError(
            f"{len(failed)} of {len(finished)} runs failed, which the same command tries again: "
            f"{failed[0].message}"
        )
    by_index = {run.index: run for run in finished}
    runs = {name: by_index[index] for index, name in enumerate(plan.named)}
    scored = _scored(plan, finished)
    if (top := best(scored)) is not None:
        runs[SWEEP] = top.runs[0]
    good = [runs[name] for name in plan.recipes if runs[name].status == "finished"]
    if good:
        runs[WELL] = max(good, key=lambda run: run.history[-1].validation_accuracy)
    judged = [name for name in (PART, MANY, FEW, FASTER, SWEEP, WELL, CNN) if name in runs]
    tests = _tested({n: runs[n] for n in judged if runs[n].status == "finished"}, kept, data)
    pictured = [n for n in (MANY, WELL) if n in tests]
    weights = tuple(
        weight_pictures(n, runs[n].config, load_model(kept.network(runs[n].config)), data.train)
        for n in pictured
    )
    return Found(plan, runs, scored, tests, weights, len(data.validation))


def _tested(runs: dict[str, Finished], kept: KeptRuns, data: Dataset) -> dict[str, Recognised]:
    """How many test images each network recognises."""
    return {
        name: Recognised(int(kept.recognised(run.config, data.test).sum()), len(data.test))
        for name, run in runs.items()
    }


def verdicts(found: Found) -> list[Statement]:
    """The report's statements; none if one of its two runs did not come to its end."""
    few, many, faster = (course_of(found, name) for name in (FEW, MANY, FASTER))
    return statements(few, many, faster) if few and many else []


def course_of(found: Found, name: str) -> Course | None:
    """A run in numbers; None if it did not come to its end."""
    return course(found.runs[name], found.validation_images)
