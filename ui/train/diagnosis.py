"""What is wrong with a run, when it happens, and the remedy; nothing for a healthy one."""

from ui.diagnosing import diagnosis_of, diagnosis_with_remedy, looks_ill
from ui.session import ShownRun


def diagnosis(run: ShownRun | None) -> None:
    """The diagnosis and its remedy, if the run's results say that something is wrong."""
    if run is None or not looks_ill(run):
        return
    found = diagnosis_of(run)
    if found is not None:
        diagnosis_with_remedy(run, found)
