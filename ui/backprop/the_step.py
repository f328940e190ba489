"""The step itself: the followed weight before and after, the loss for every learning rate, and ten
steps one after the other on this one digit."""

from functools import partial

import numpy as np
import streamlit as st

from mnist_core.arrays import Array
from mnist_core.inspection.descent import Descent, LossAlong, descend, loss_along
from ui.backprop.chosen import ChosenStep
from ui.backprop.followed import followed_weight
from ui.backprop.link import PREFIX, choose, moving, part, said
from ui.backprop.numbers import number, told_apart
from ui.backprop.remembered import remembered
from ui.charts.backprop import Regions, rates_chart, regions_of, steps_chart
from ui.components import svg_chart
from ui.components.step_slider import step_slider
from ui.html import captioned, changing_text, in_a_row, probability_bars
from ui.theme import OWN, TRAINING
from ui.words import probability

# 20 rates a decade with two digits each.
RATES = np.array([float(f"{rate:.2g}") for rate in np.logspace(-4, 3, 141)])
MOST_STEPS, FRAME = 100, 10  # steps that are taken at most, and that the chart has room for at once
UPDATED = 7  # digits of a weight before and after: an update may be tiny
UPDATE = r"w \;\leftarrow\; w - \eta\,\frac{\partial L}{\partial w}"


def the_step(chosen: ChosenStep) -> None:
    """The update of one weight, the loss along the gradient, and ten steps."""
    st.header("Take the step", anchor=False)
    part(partial(_with_a_rate, chosen))


def _with_a_rate(chosen: ChosenStep) -> None:
    """All that changes with the learning rate."""
    rates = np.union1d(RATES, [chosen.learning_rate])
    along = remembered(
        chosen,
        "loss along",
        chosen.learning_rate,
        lambda: loss_along(chosen.values.model, chosen.example.image, chosen.example.label, rates),
        words=f"Taking a step at each of {len(rates)} learning rates",
    )
    rate = said("rate", chosen.learning_rate, rates.tolist())
    place = int(np.searchsorted(rates, rate))
    # Of this step: another network or digit begins anew.
    taken = said("steps", 0, range(MOST_STEPS + 1), of=f"{chosen.key} ")
    # At least one step: the loss after it is told before it is taken.
    descent = descend(
        chosen.values.model, chosen.example.image, chosen.example.label, rate, steps=max(taken, 1)
    )
    _one_update(chosen, rate, descent)
    _along(chosen, along, place, float(descent.losses[1]))
    _steps(chosen, descent, taken, rate)


def _one_update(chosen: ChosenStep, rate: float, descent: Descent) -> None:
    """The followed weight before and after, and what the whole step does to the loss."""
    weight = followed_weight(chosen)
    before = float(chosen.values.model.parameters.named()[weight.path][weight.row, weight.column])
    update = 0.0 - rate * weight.gradient  # never -0
    st.latex(UPDATE)
    loss_before, loss_after = told_apart(descent.losses[0], descent.losses[1])
    values = {
        f"{weight.words} before": number(before, UPDATED),
        f"update = −{rate:g} · ({number(weight.gradient)})": number(update),
        f"{weight.words} after": number(before + update, UPDATED),
        "loss before": loss_before,
        "loss after the whole step": loss_after,
    }
    st.html(in_a_row([captioned(f"<b>{value}</b>", name) for name, value in values.items()]))


def _along(chosen: ChosenStep, along: LossAlong, place: int, after: float) -> None:
    """The curve, with the slider that moves its mark right below it, and what it says."""
    rate, regions = float(along.rates[place]), regions_of(along)
    st.subheader("How large may the learning rate be?", anchor=False)
    left, right = st.columns([4, 3], gap="large")
    said = _in_words(along, rate, after, regions)
    with left:
        svg_chart.show(rates_chart(along, regions, chosen=rate, alt=said), key=PREFIX + "along")
        _slider(chosen, along.rates, place)
    right.html(changing_text(said))


def _slider(chosen: ChosenStep, rates: Array, place: int) -> None:
    """It stands below the mark that it moves: style/page.css gives it the width of the axis."""

    def move(to: int, rests: bool) -> None:
        choose("rate", float(rates[to]))
        moving(not rests)
        _take(chosen.key, 0)  # the steps so far had another rate

    with st.container(key="below_axis"):
        step_slider(
            "Learning rate: drag it along the curve",
            place,
            len(rates) - 1,
            key=PREFIX + "rate_slider",
            on_move=move,
            words=f"{rates[place]:g}",
        )


def _in_words(along: LossAlong, rate: float, after: float, regions: Regions) -> str:
    """In which region the rate lies, and where the regions end."""
    which = regions.of(rate)
    why = {
        "too small": "one step gains less than half of what it could",
        "right": "the step is not needlessly small, and the loss does not grow",
        "too large": "the step jumps over the valley, and can land higher than it began",
    }[which]
    loss_before, loss_after = told_apart(along.before, after)
    words = (
        f"A learning rate of **{rate:g}** is **{which}** here: {why}. The loss goes from "
        f"{loss_before} to {loss_after}. {_best(along, regions)} "
    )
    if regions.too_large_from is not None:
        return f"{words}At {regions.too_large_from:g} the loss becomes larger than before."
    return (
        f"{words}No rate up to {along.rates[-1]:,g} makes the loss of this digit larger. In "
        "training one would: all other digits share these weights."
    )


def _best(along: LossAlong, regions: Regions) -> str:
    """The best rate, and whether it is only an end of those that were tried."""
    if regions.best in (along.rates[0], along.rates[-1]):
        return f"Of these rates {regions.best:,g}, an end of the slider, is the best."
    return f"The best learning rate is {regions.best:,g}."


def _steps(chosen: ChosenStep, descent: Descent, taken: int, rate: float) -> None:
    """Steps one after the other: loss, probability of the right digit, and the ten bars."""
    st.subheader("Step after step on this one digit", anchor=False)
    with st.container(horizontal=True):
        for label, to in (
            ("One step", taken + 1),
            ("Ten steps", taken + 10),
            ("Back to the start", 0),
        ):
            st.button(
                label,
                key=PREFIX + label.lower().replace(" ", "_"),
                on_click=_take,
                args=(chosen.key, min(to, MOST_STEPS)),
                disabled=taken == (MOST_STEPS if to else 0),
            )
    label = chosen.example.label
    losses, probabilities = descent.losses[: taken + 1], descent.probabilities[: taken + 1]
    loss, share, bars = st.columns([4, 4, 3], gap="medium")
    with loss:
        top = 1.05 * max(losses[np.isfinite(losses)], default=1.0) or 1.0
        _curve("loss", losses, top, colour=TRAINING)
    with share:
        name = f"probability of the {label} (%)"
        _curve(name, 100 * probabilities[:, label], 100, colour=OWN)
    with bars:
        st.html(probability_bars(probabilities[taken], colour=OWN))
    st.html(changing_text(_progress(losses, probabilities[:, label], rate), small=True))


def _curve(name: str, values: Array, top: float, *, colour: str) -> None:
    """One value over the steps that were taken; the axis has room for ten from the start."""
    alt = f"{name} after each step: " + ", ".join(number(value) for value in values)
    chart = steps_chart(values, name=name, top=top, least=FRAME, colour=colour, alt=alt)
    svg_chart.show(chart, key=f"{PREFIX}{name.partition(' ')[0]}_over_steps")


def _progress(losses: Array, probabilities: Array, rate: float) -> str:
    """What the steps have done, or what to do next."""
    taken = len(losses) - 1
    if not taken:
        return "No step is taken yet: take one, or ten. Another learning rate begins anew."
    loss_before, loss_after = told_apart(losses[0], losses[-1])
    said = (
        f"After {taken} {'step' if taken == 1 else 'steps'} with a learning rate of {rate:g} the "
        f"loss went from {loss_before} to {loss_after}, and the right digit from "
        f"{probability(probabilities[0])} to {probability(probabilities[-1])}."
    )
    if not np.isfinite(losses).all():
        return "The loss is no number any more: the steps diverged. Choose a smaller learning rate."
    return said


def _take(key: str, steps: int) -> None:
    choose("steps", steps, of=f"{key} ")
