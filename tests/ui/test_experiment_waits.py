"""An experiment on a cluster that has no place now: the page says why, and who can mend it."""

from streamlit.testing.v1 import AppTest


def page(message: str) -> None:
    from mnist_core.experiments.experiment import Order, Seen
    from mnist_core.training.config import TrainConfig
    from ui.experiments.progress import progress_of

    order = Order("test", (TrainConfig(),), lambda *_: None)
    seen = Seen(order, "running", message, {}, {}, 0.0, 60.0, 0, True, "", None)
    progress_of(seen, start="Start", done="Done", key="test")


def test_an_experiment_that_has_no_place_says_why() -> None:
    why = "None of the machines that train answers now."
    app = AppTest.from_function(page, args=(why,)).run()
    assert [info.value for info in app.info] == [why] and not app.exception
    app = AppTest.from_function(page, args=("",)).run()
    assert not app.info and not app.exception
