"""What is known of one setting: what it means, what it may be, and how it is asked for.
The settings themselves are rows of the table in settings.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

# choice: one word of a list. buttons: one of a few values, all in sight. slider: any number of a
# range. select slider: one of the offered values. number: a number to type. number or none: the
# same for a setting that is a list of one number, or of none for 0. layers: a number a layer.
Widget = Literal[
    "choice", "buttons", "slider", "select slider", "number", "number or none", "layers"
]


@dataclass(frozen=True, kw_only=True)
class Layers:
    """How many layers some settings have a number for; asked for before those numbers."""

    key: str
    label: str
    explanation: str
    most: int


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting, a field of TrainConfig.

    Args:
        name: the field's name. The command line's option is made from it, see `flags`.
        label: what stands above its widget; "{layer}" stands for a layer's number.
        explanation: a sentence or two, beside its widget's name and in the command line's help.
        widget: how a page asks for it.
        limits: the lowest and the highest number that is allowed.
        choices: the words that are allowed, all of them offered.
        named: the words that stand for values which are not words themselves.
        offered: what a page offers: the values of a select slider or a choice; lowest, highest and
            step of a slider; lowest and highest of a number. The limits where it is empty.
        shown: how a value is written, as format() takes it.
        display: a value's name on the page, where it is not the value itself.
        model: the only kind of network that has this setting; "" for every kind.
        optimizers: the only ones that use this setting; none for every optimizer.
        layers: how many numbers there are, for the widget "layers".
        new_layer: the number of a layer that no default is known for.
        typed: how the command line wants it, where limits and choices do not say so.
        former_name: what it was called before; files and commands with that name still work.
        key: the widget's name, which links hold; the setting's own where it is empty.
    """

    name: str
    label: str
    explanation: str
    widget: Widget
    limits: tuple[float, float] | None = None
    choices: Sequence[str] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    offered: Sequence[Any] = ()
    shown: str = ""
    display: Mapping[Any, str] = field(default_factory=dict)
    model: str = ""
    optimizers: Sequence[str] = ()
    layers: Layers | None = None
    new_layer: int = 0
    typed: str = ""
    former_name: str = ""
    key: str = ""

    @property
    def link_key(self) -> str:
        """Its name in links; a former name stays, so that links from before still work."""
        return self.key or self.former_name or self.name

    @property
    def flags(self) -> list[str]:
        """Its option on the command line, and the same by its former name."""
        return ["--" + name.replace("_", "-") for name in (self.name, self.former_name) if name]

    @property
    def belongs_to(self) -> dict[str, Sequence[str]]:
        """The choices of other settings, by their names, without which this one is of no use."""
        needed = {"model": (self.model,) if self.model else (), "optimizer": self.optimizers}
        return {name: choices for name, choices in needed.items() if choices}

    @property
    def options(self) -> Sequence[Any]:
        """The values that a choice, buttons or a select slider has."""
        return self.offered or self.choices or list(self.named)

    @property
    def bounds(self) -> Sequence[Any]:
        """The lowest and the highest number of a slider or a number; and a slider's step."""
        return self.offered or self.limits or ()

    def check(self, value: Any) -> None:
        """ValueError, with the setting's name, for a value that is not allowed."""
        words = in_words(self.name)
        if self.choices and value not in self.choices:
            raise ValueError(f"{words} must be {', '.join(self.choices)}, not {value!r}")
        if self.limits:
            low, high = self.limits
            if not low <= value <= high:  # also true for NaN
                raise ValueError(f"{words} must be from {low:g} to {high:g}, not {value!s:.30}")

    def widget_values(self, value: Any) -> dict[str, Any]:
        """What the widgets say for this value, by their keys."""
        if self.layers:
            items = {f"{self.link_key}{n}": item for n, item in enumerate(value, start=1)}
            return {self.layers.key: len(value)} | items
        if self.named:
            value = next(name for name, named in self.named.items() if named == value)
        elif self.widget == "number or none":
            value = value[0] if value else 0
        return {self.link_key: value}

    def value_in(self, widget_values: Mapping[str, Any]) -> Any:
        """The setting that the widgets' values stand for: the way back from `widget_values`."""
        if self.layers:
            keys = self.keys(widget_values)[1:]
            return tuple(int(widget_values.get(key, self.new_layer)) for key in keys)
        value = widget_values[self.link_key]
        if self.named:
            return self.named[value]
        if self.widget == "number or none":
            return (int(value),) if value else ()
        return value

    def keys(self, widget_values: Mapping[str, Any]) -> list[str]:
        """The keys of its widgets, as many as there are layers; first that of their number."""
        if not self.layers:
            return [self.link_key]
        layers = range(1, widget_values[self.layers.key] + 1)
        return [self.layers.key, *(f"{self.link_key}{layer}" for layer in layers)]

    def words(self, widget_value: Any) -> str:
        """A widget's value as the page writes it."""
        return self.display.get(widget_value, format(widget_value, self.shown))

    def can_be_typed(self, value: Any) -> bool:
        """Whether the command line has a word for a value; it has none for an unnamed one."""
        return not self.named or value in self.named.values()

    def as_typed(self, value: Any) -> str:
        """A value as it is typed: a word, a number, or numbers with commas between them."""
        if self.widget == "number or none" and not value:
            return "0"
        if isinstance(value, tuple):
            return ",".join(str(number) for number in value)
        if isinstance(value, float):
            short = f"{value:g}"
            return short if float(short) == value else repr(value)
        return next((name for name, named in self.named.items() if named == value), str(value))


def in_words(name: str) -> str:
    """A setting as a sentence names it."""
    return "the " + name.replace("_", " ")
