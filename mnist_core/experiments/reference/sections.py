"""The sections of the page, each with its figures."""

from collections.abc import Callable, Mapping
from html import escape

from mnist_core.experiments.reference import rates
from mnist_core.experiments.reference.charts import COLOURS, SIDES, names
from mnist_core.experiments.reference.found import SWEEP, WELL, Found, course_of, verdicts
from mnist_core.experiments.reference.plan import CNN, FASTER, FEW, MANY
from mnist_core.experiments.reference.sizes import Course, points, slope_in_words
from mnist_core.experiments.reference.weights_in_words import what_the_weights_show
from mnist_core.experiments.sweep import Score, best
from mnist_core.figures import colours
from mnist_core.report.pieces import figure, legend, paragraph, side_by_side, table
from mnist_core.words import duration, percent


def what_was_trained(found: Found, command: str) -> list[str]:
    """The runs that have a name, with their settings, and the command that makes all again."""
    called = names(found.plan)
    rows = []
    for name in (MANY, FEW, FASTER, SWEEP, WELL, CNN):
        if (run := found.runs.get(name)) is None:
            continue
        config = run.config
        last = run.history[-1] if run.history else None
        rows.append(
            [
                called[name],
                "CNN" if config.model == "cnn" else f"{config.hidden[0]} {config.activation}",
                f"{config.train_size:,}",
                f"{config.epochs}",
                f"{config.batch_size}",
                f"{config.optimizer}, {config.schedule}",
                f"{rates.WORDS[config.reduction]}, {config.learning_rate:g}",
                percent(last.validation_accuracy) if last else "–",
                run.status,
            ]
        )
    head = ["run", "units", "images", "epochs", "batch", "optimizer", "gradients, rate",
            "validation", "ended"]  # fmt: skip
    seconds = sum(found.runs[name].seconds for name in found.plan.named)
    seconds += sum(run.seconds for score in found.scores for run in score.runs)
    words = (
        f"All networks begin with {_beginning(found)} weights. Settings are chosen by "
        f"{found.validation_images:,} validation images, which no network learns from; each "
        f"network under “Test images” sees them once. All {len(found.plan.configs)} runs "
        f"took {duration(seconds)} of training on one core."
    )
    return [
        paragraph(words),
        table(head, rows, "The runs that have a name", kind="wrapped"),
        _again(command),
    ]


def _beginning(found: Found) -> str:
    kinds = {config.initialisation.capitalize() for config in found.plan.named.values()}
    return " or ".join(sorted(kinds))


def _again(command: str) -> str:
    return f"<dl><dt>Made by</dt><dd><code>{escape(command)}</code></dd></dl>"


def sizes(found: Found, drawn: Mapping[str, str]) -> list[str]:
    """The report's two figures, in numbers too."""
    called = names(found.plan)
    entries = [("━", colours.TRAINING, "training"), ("━", colours.VALIDATION, "validation")]
    shown = [
        figure(chart, f"**Figure 1{letter}.** {called[name].capitalize()}.")
        for letter, name, chart in zip("ab", (FEW, MANY), _starting(drawn, "figure-1"), strict=True)
    ]
    parts = [legend(entries), side_by_side(shown)]
    if any(found.runs[name].status == "unfinished" for name in (FEW, MANY)):
        return parts
    ended = [
        paragraph(f"The run with {called[name]} **{_how_it_ended(found, name)}**")
        for name in (FEW, MANY)
        if found.runs[name].status != "finished"
    ]
    if ended:
        return [*parts, *ended, paragraph("So its statements can't be judged.")]
    few, many = (course_of(found, name) for name in (FEW, MANY))
    assert few and many
    return [*parts, _numbers(few, many)]


def judged(found: Found) -> list[str]:
    """What becomes of the report's statements."""
    return [
        paragraph(f"({number}) “{one.claim}” **{one.verdict.capitalize()}.** {one.words}")
        for number, one in enumerate(verdicts(found), start=1)
    ]


def _how_it_ended(found: Found, name: str) -> str:
    epochs = len(found.runs[name].history)
    return f"diverged after {epochs} epoch{'' if epochs == 1 else 's'}."


def _numbers(few: Course, many: Course) -> str:
    def row(what: str, value: Callable[[Course], str]) -> list[str]:
        return [what, value(few), value(many)]

    rows = [
        row("training at the end", lambda c: percent(c.training)),
        row("validation at the end", lambda c: percent(c.validation)),
        row("gap (training minus validation)", lambda c: points(c.gap)),
        row("maximum of validation", lambda c: f"{percent(c.highest)}, epoch {c.highest_epoch}"),
        row("first epoch with 90 %", lambda c: str(c.reaches or "none")),
        row(f"slope, last {few.late} epochs", lambda c: f"{slope_in_words(c)} an epoch"),
    ]
    head = ["", f"{few.images:,} images", f"{many.images:,} images"]
    return table(head, rows, "Figure 1 in numbers", kind="wrapped")


def _starting(drawn: Mapping[str, str], beginning: str) -> list[str]:
    return [chart for name, chart in drawn.items() if name.startswith(beginning)]


def learning_rates(found: Found, drawn: Mapping[str, str]) -> list[str]:
    """The sweep as a curve, in sentences and as a table."""
    config = found.scores[0].candidate.configs[0]
    seeds = len(found.scores[0].candidate.configs)
    (chart,) = _starting(drawn, "figure-2")
    cross = ""
    if any(score.diverged for score in found.scores):
        cross = " A cross at the foot is a rate with which a run diverged."
    elif any(score.runs for score in found.scores):
        cross = " No run diverged."
    spread = (
        f" A dot is one of {seeds} seeds, the line their mean, and the shaded part reaches from "
        "the lowest to the highest."
    )
    words = (
        f"**Figure 2.** Validation accuracy after {config.epochs} epochs of "
        f"{config.train_size:,} images.{spread if seeds > 1 else ''}{cross}"
    )
    entries = [
        ("━" if not dash else "╍", colour, f"{rates.WORDS[reduction]} gradients")
        for reduction, (colour, dash) in SIDES.items()
    ]
    parts = [legend(entries), figure(chart, words, kind="chart large")]
    if not found.is_complete:
        return parts
    said = rates.sentences(found.scores, found.runs[MANY])
    return [
        *parts,
        *map(paragraph, said),
        _rates_table(found),
    ]


def _rates_table(found: Found) -> str:
    """A row for each rate, with what it led to as a sum and as a mean."""
    sides = {
        reduction: {rates.rate_of(s): s for s in rates.of_reduction(found.scores, reduction)}
        for reduction in rates.WORDS
    }
    rows = []
    for rate in sorted({rate for side in sides.values() for rate in side}):
        row = [rates.rate_in_words(rate)]
        for side in sides.values():
            top = best([*side.values()])
            row += _cells(side[rate], top) if rate in side else ["", "", ""]
        rows.append(row)
    columns = ("mean", "lowest to highest", "what happens")
    head = ["learning rate", *(f"{word}: {column}" for word in rates.WORDS.values()
                               for column in columns)]  # fmt: skip
    return table(
        head, rows, "Figure 2 in numbers: validation accuracy over seeds, in %", kind="wrapped"
    )


def _cells(score: Score, top: Score | None) -> list[str]:
    reached = [100 * share for share in score.accuracies]
    what = rates.fate(score, top) or ("best" if score is top else "")
    if not reached:
        return ["–", "–", what]
    return [f"{100 * score.mean:.1f}", f"{min(reached):.1f} to {max(reached):.1f}", what]


def better_networks(found: Found, drawn: Mapping[str, str]) -> list[str]:
    """How far the same units go with better settings, and a CNN on the same axes."""
    called = names(found.plan)
    entries = [
        ("━", COLOURS[name], called[name]) for name in (FEW, MANY, WELL, CNN) if name in found.runs
    ]
    (chart,) = _starting(drawn, "figure-3")
    words = "**Figure 3.** Validation accuracy of each epoch; the epochs on a logarithmic axis."
    parts = [legend(entries), figure(chart, words, kind="chart large")]
    if not found.is_complete:
        return parts
    rows = []
    for name in found.plan.recipes:
        run = found.runs[name]
        config = run.config
        last = run.history[-1].validation_accuracy if run.history else None
        chosen = found.runs.get(WELL) is run
        rows.append(
            [
                f"{config.activation}, {config.optimizer}, {config.schedule}",
                f"{config.epochs}",
                f"{config.learning_rate:g}",
                f"{config.weight_decay:g}",
                percent(last) if last is not None else "–",
                "chosen" if chosen else run.status,
            ]
        )
    head = ["64 units", "epochs", "rate", "weight decay", "validation", ""]
    return [
        *parts,
        *map(paragraph, _how_far(found)),
        table(head, rows, "Settings for the same 64 units without augmentation", kind="wrapped"),
    ]


def _how_far(found: Found) -> list[str]:
    """What better settings and another kind of network are worth, in validation."""
    many, well, cnn = (found.runs.get(name) for name in (MANY, WELL, CNN))
    said = []
    if well is not None and many is not None and many.status == "finished":
        gained = well.history[-1].validation_accuracy - many.history[-1].validation_accuracy
        more = "more" if gained > 0 else "less"
        said.append(
            f"The same 64 units reach {percent(well.history[-1].validation_accuracy, 1)} in "
            f"{well.config.epochs} epochs with {well.config.activation} units, "
            f"{well.config.optimizer} and a {well.config.schedule} schedule: "
            f"{points(abs(gained))} {more} than the report's settings in {many.config.epochs} "
            "epochs, and without augmentation."
        )
    if cnn is None or cnn.status != "finished":
        said.append("The CNN diverged.")
    else:
        reached = cnn.history[-1].validation_accuracy
        epochs = f"{cnn.config.epochs} epoch{'' if cnn.config.epochs == 1 else 's'}"
        said.append(
            f"The CNN that the report could not finish reaches {percent(reached, 1)} in {epochs}"
            f"{_against(reached, well.history[-1].validation_accuracy) if well else ''}."
        )
    return said


def _against(cnn: float, mlp: float) -> str:
    """How the CNN's mistakes compare with the MLP's."""
    if cnn <= mlp:
        return ", and does not beat the MLP"
    wrong = (1 - mlp) / (1 - cnn) if cnn < 1 else float("inf")
    return f", and the MLP makes {wrong:.2g} times as many mistakes"


def weights(found: Found, drawn: Mapping[str, str]) -> list[str]:
    """The first layer of both networks side by side, and what makes the difference."""
    called = names(found.plan)
    called[MANY] = f"the report's network, trained on {called[MANY]}"
    charts = _starting(drawn, "figure-4")
    shown = [
        figure(chart, f"**Figure 4{letter}.** The weights of {called[one.name]}.")
        for letter, one, chart in zip("ab"[: len(charts)], found.weights, charts, strict=True)
    ]
    if not shown:
        return [paragraph("There are no weights to show: the runs diverged.")]
    words = (
        "Each picture is one hidden unit: its 784 weights where their pixels are. Ink on orange "
        "excites the unit, ink on blue inhibits it; the colour is full at the number below."
    )
    said = what_the_weights_show(found.weights, called)
    return [paragraph(words), side_by_side(shown), *map(paragraph, said)]


def tests(found: Found, drawn: Mapping[str, str]) -> list[str]:
    """The one look at the test images, with what is known of each accuracy."""
    charts = _starting(drawn, "figure-5")
    if not charts:
        return [paragraph("No run came to its end, so no network was tested.")]
    called = names(found.plan)
    rows = [
        [
            called[name],
            percent(test.accuracy),
            f"{100 * test.interval[0]:.2f} to {100 * test.interval[1]:.2f} %",
            f"{test.total - test.right:,} of {test.total:,}",
        ]
        for name, test in found.tests.items()
    ]
    words = "**Figure 5.** Test accuracy with Wilson's 95 % interval."
    head = ["network", "accuracy", "95 % interval", "wrong"]
    return [figure(charts[0], words), table(head, rows, "Figure 5 in numbers", kind="wrapped")]
