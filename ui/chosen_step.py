"""The step of the run that the time machine has chosen, in the address of pages that show it."""

from ui.choices import Choices
from ui.links import in_code, value_of
from ui.session import ShownRun, session


def at_step_of_link(run: ShownRun | None, choices: Choices) -> ShownRun | None:
    """The run at the step that the link says, the first time; else as it is."""
    text = choices.linked("step")
    if text is None:
        return run
    if run is None:
        said = in_code(f"step={text}")
        choices.refuse("step", None, f"it says {said}, but the run with that step is not here")
        return None
    steps = range(run.config.steps_per_epoch * run.config.epochs + 1)
    try:
        session().chosen_step = value_of("step", text, steps)
    except ValueError as error:
        choices.refuse("step", None, str(error))
    return run.at(session().chosen_step)


def say_step(run: ShownRun | None, choices: Choices) -> None:
    """Let the address say the step that is chosen; nothing of the newest one, nor without a run."""
    choices.say("step", None if run is None else session().chosen_step)
