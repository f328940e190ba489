"""What a run has come to, in numbers: the one that counts stands large, the others beside it."""

from math import isfinite

from mnist_core.runs.state import RunView
from mnist_core.training.run import EpochResult
from ui.charts.learning import lasting_changes
from ui.session import ShownRun
from ui.settings import run_summary
from ui.words import percent

# Of the report, section 5: what its network, 64 sigmoid units, came to.
REPORT_USUAL, REPORT_BEST = "90 to 91 %", "94 %"
# Of README's table of recipes, by kind of network: the best recipe's name and its test accuracy.
BEST_RECIPES = {"mlp": ("mlp-best", "98.6 %"), "cnn": ("best", "99.5 %")}
MOST_RATES = 3  # that are named


def headline(run: ShownRun | None) -> str:
    """The accuracy that counts, as HTML: on test images at the end of a run, before it and at a
    chosen step on validation images. Its place is there from the start, as high as the words
    beside it will be, so that nothing moves."""
    value, words = "–", "validation accuracy"
    if run is not None and (test_accuracy := _test_accuracy(run)) is not None:
        value, words = percent(test_accuracy), "<b>test accuracy</b>, on new images"
    elif run is not None and (last := _last_epoch(run)) is not None:
        value = percent(last.validation_accuracy)
        words = f"validation accuracy, epoch {last.epoch:,}"
    return (
        '<div style="min-height:4.3rem"><div style="font-size:2rem;font-weight:700;'
        f'line-height:1.15;font-variant-numeric:tabular-nums">{value}</div>'
        f'<div style="font-size:.85rem">{words}</div></div>'
    )


def in_words(run: ShownRun | None) -> str:
    """The newest values, or those at the step that is looked at, and what to compare them with."""
    if run is None:
        return "After each epoch its accuracy and loss stand here."
    said = [f"{run_summary(run.config)}."]
    if run.view.status == "diverged":
        said.append(f"**Diverged**; the weights are those of step {run.view.step:,}.")
    said.append(_epoch_in_words(run))
    if run.view.status == "paused" or not run.view.results:
        said.append(_batch_in_words(run.view))
    said.append(_rates_in_words(run.view))
    if _test_accuracy(run) is not None:
        said.append(_comparison(run.view))
    return " ".join(words for words in said if words)


def _test_accuracy(run: ShownRun) -> float | None:
    """The accuracy on test images: of the weights at the end alone, so not at a chosen step."""
    return None if run.chosen else run.view.test_accuracy


def _last_epoch(run: ShownRun) -> EpochResult | None:
    """The last epoch that had ended at the step that is looked at; None before the first."""
    results, steps = list(run.view.results), run.config.steps_per_epoch
    if run.chosen and run.snapshot is not None:
        results = [r for r in results if r.epoch * steps <= run.snapshot.step]
    return results[-1] if results else None


def _epoch_in_words(run: ShownRun) -> str:
    """The values at the end of the last epoch before what is looked at."""
    last = _last_epoch(run)
    if last is None:
        at = f"At step {run.snapshot.step:,} no" if run.chosen and run.snapshot else "No"
        return f"{at} epoch has ended yet."
    return (
        f"After epoch {last.epoch:,}: training accuracy **{percent(last.train_accuracy)}** "
        f"(loss {last.train_loss:.4f}), validation accuracy "
        f"**{percent(last.validation_accuracy)}** (loss {last.validation_loss:.4f})."
    )


def _batch_in_words(view: RunView) -> str:
    """The newest batch, for who goes on by single ones."""
    batch = view.progress
    if batch is None or not isfinite(batch.loss):
        return ""
    return (
        f"Batch {batch.step:,}: loss {batch.loss:.4f}, "
        f"accuracy {percent(batch.accuracy, 1)} of its {view.config.batch_size:,} images."
    )


def _rates_in_words(view: RunView) -> str:
    """Where the learning rate was changed on the way, and what it became."""
    first, steps = view.config.learning_rate, view.config.steps_per_epoch * view.config.epochs
    changes = lasting_changes(view.rate_changes, first, steps)
    if not changes:
        return ""
    named = [f"{rate:g} from step {step:,} on" for step, rate in changes[-MOST_RATES:]]
    earlier = len(changes) - len(named)
    before = f", {earlier} more" if earlier else ""
    return f"Learning rate {first:g}{before}, then {', '.join(named)}."


def _comparison(view: RunView) -> str:
    name, accuracy = BEST_RECIPES[view.config.model]
    return (
        f"Compare: the report's network {REPORT_USUAL}, at best {REPORT_BEST}; "
        f"the best {view.config.model.upper()} recipe here ({name}) {accuracy}."
    )
