"""Addresses that say which settings the next run has, or show a run.
Settings stand in an address as a recipe and all that differs from it, so that a copied link trains
the very same; one that says what the page can't set is refused, never used in part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode, urlsplit, urlunsplit

from mnist_core.training.config import TrainConfig
from mnist_core.training.recipes import PRESETS
from mnist_core.training.setting import Setting
from mnist_core.training.settings import SETTINGS
from mnist_core.words import listed

DEFAULT_PRESET = "quick-and-good"
FEW = 12  # values that a sentence can list
OTHER_PARAMETERS = ("run", "command")  # what else an address may say: see link_to_run
LONGEST = 40  # characters of a link that a sentence repeats
# The row of the table for every parameter that a link may have, besides the recipe.
PARAMETERS = {
    key: row
    for row in SETTINGS.values()
    for key in row.keys({row.layers.key: row.layers.most} if row.layers else {})
}


@dataclass(frozen=True)
class Choice:
    """A recipe, and what the widgets of the settings say, by their keys.

    There may be values of widgets that this kind of network does not have.
    """

    preset: str
    values: Mapping[str, Any]

    @classmethod
    def of_recipe(cls, preset: str) -> Self:
        """A recipe without any change."""
        return cls(preset, _widget_values(PRESETS[preset]))

    @classmethod
    def of_run(cls, config: TrainConfig) -> Self | None:
        """What trains a run's very settings, as changes of the recipe that has the fewest of them.

        None where widgets can't say them: a run may have been started otherwise than by the page.
        """
        values = _widget_values(config)
        nearest = min((cls(preset, values) for preset in PRESETS), key=lambda c: len(c.changed))
        try:
            again = cls.from_parameters(nearest.parameters)
        except ValueError:
            return None
        said = again.config()
        same = all(getattr(said, row.name) == getattr(config, row.name) for row in again.rows)
        return again if same else None

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, str]) -> Self:
        """What a link says; ValueError with a sentence for what can't be set, or makes no sense."""
        preset = parameters.get("preset", DEFAULT_PRESET)
        if preset not in PRESETS:
            raise _refusal("preset", preset, list(PRESETS))
        given = {
            key: value_of(key, text, _possible(key))
            for key, text in parameters.items()
            if key != "preset"
        }
        choice = cls(preset, {**cls.of_recipe(preset).values, **given})
        asked = {key for row in choice.rows for key in row.keys(choice.values)}
        for key in given:
            if key not in asked:
                raise ValueError(f"it names `{key}`, which its network does not have")
        choice.config()
        return choice

    @property
    def rows(self) -> list[Setting]:
        """The settings that its kind of network has."""
        return [row for row in SETTINGS.values() if row.model in ("", self.values["model"])]

    @property
    def changed(self) -> list[Setting]:
        """The settings that differ from the recipe's."""
        recipe = PRESETS[self.preset]
        return [row for row in self.rows if row.value_in(self.values) != getattr(recipe, row.name)]

    @property
    def parameters(self) -> dict[str, str]:
        """What a link says for it: nothing for the page's first recipe without any change."""
        changed = {
            key: str(value)
            for row in self.changed
            for key, value in row.widget_values(row.value_in(self.values)).items()
        }
        if not changed and self.preset == DEFAULT_PRESET:
            return {}
        return {"preset": self.preset} | changed

    def config(self) -> TrainConfig:
        """The settings of a run; ValueError, with the reason, where they make none."""
        values = {row.name: row.value_in(self.values) for row in self.rows}
        return replace(PRESETS[self.preset], **values)


def link_to_run(
    address: str, run_id: str, settings: Choice | None, *, command_key: str = ""
) -> str:
    """The address of the Train page of the server that `address` leads to, with that run.

    Args:
        address: of any page of that server.
        run_id: the run's.
        settings: what the next run has for whoever opens the link; None for the first recipe.
        command_key: whoever opens a link with one may command the run from then on.
    """
    server = urlsplit(address)
    values = {"run": run_id} | (settings.parameters if settings else {})
    values |= {"command": command_key} if command_key else {}
    return urlunsplit((server.scheme, server.netloc, server.path, urlencode(values), ""))


def in_code(text: str) -> str:
    """A piece of somebody's link as Markdown shows it unread, cut short where it is long."""
    text = " ".join(text.split())  # an empty line would end the code
    short = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return f"`{short.replace('`', chr(39))}`"


def _widget_values(config: TrainConfig) -> dict[str, Any]:
    """What the widgets say for a configuration, by their keys."""
    values = {}
    for name, row in SETTINGS.items():
        values |= row.widget_values(getattr(config, name))
    return values


def value_of(key: str, text: str, possible: Sequence[Any]) -> Any:
    """Which of the possible values, all of one type, a parameter of a link stands for.

    ValueError, with a sentence that names the possible ones, if it is none of them.
    """
    kind = type(possible[0])
    said: Any = None
    try:
        if kind is str:
            return possible[[value.casefold() for value in possible].index(text.casefold())]
        number = int if kind is bool else kind
        said = number(text.replace(",", ""))  # as in 50,000
        return possible[possible.index(said)]
    except ValueError:
        raise _refusal(key, text, possible, said) from None


def written(value: str | float) -> str:
    """A value as a link has it, to be read by `value_of`."""
    return value if isinstance(value, str) else f"{value:.12g}"


def _possible(key: str) -> Sequence[Any]:
    """All values that a parameter's widget can have, all of one type."""
    row = PARAMETERS[key]
    if row.layers and key == row.layers.key:
        return range(1, row.layers.most + 1)
    if row.widget in ("choice", "buttons", "select slider"):
        return row.options
    low, high, *steps = row.bounds
    if not steps:
        return range(low, high + 1)
    return [round(low + n * steps[0], 6) for n in range(round((high - low) / steps[0]) + 1)]


def _refusal(key: str, text: str, possible: Sequence[Any], said: float | None = None) -> ValueError:
    """A sentence that names the parameter, and the values that can be set."""
    if isinstance(possible, range):
        words = f"a whole number from {possible[0]} to {possible[-1]}"
    elif len(possible) <= FEW:
        words = ", ".join(written(value) for value in possible if value != "")
    elif isinstance(possible[0], str):
        some = [value for value in possible if value != ""]
        words = f"one of {len(some)}, such as {listed(some[:3])}"
    else:
        words = f"one of {len(possible)} values from {min(possible):g} to {max(possible):g}"
        if said is not None:
            nearest = sorted(possible, key=lambda value: abs(value - said))[:2]
            words += ", the nearest {:g} and {:g}".format(*sorted(nearest))
    return ValueError(f"it says {in_code(f'{key}={text}')} (possible: {words})")
