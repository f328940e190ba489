"""What is said of a run wherever it is shown: its status, and why there is nothing to see yet."""

from mnist_core.runs.state import RunView
from ui.session import ShownRun, session

STATUS_WORDS = {
    "queued": "Waiting for its turn",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped",
    "interrupted": "Interrupted",
    "diverged": "Diverged",
    "failed": "Failed",
}


def stopping(view: RunView) -> bool:
    """Whether the visitor has told the run to stop, and it has not done so yet."""
    return session().stopping == view.id and not view.ended


def status_in_words(view: RunView) -> str:
    """The status in a word or two."""
    return "Stopping" if stopping(view) else STATUS_WORDS[view.status]


def no_weights_yet(run: ShownRun) -> str:
    """Why a run has no weights to look at, and when it will."""
    if run.view.ended:
        return f"This run has no weights: it ended before its first step. {run.view.message}"
    if run.view.status == "queued":
        why = run.view.message or "The run waits for a place to train in."
        return f"{why} Its weights will stand here then."
    return "The run is starting: its weights come with its first step."
