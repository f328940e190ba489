"""A visitor's choices on a page by name, and the address that restores what the page shows of them.

The address is read once, with the session's first look: a browser may send one later that it has
not heard to be out of date. From then on it follows the choices, and says those that are shown and
differ from their defaults.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar, cast

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.door.values import take_any_text
from ui.links import OTHER_PARAMETERS, in_code, value_of, written
from ui.words import spelled

T = TypeVar("T", bound=int | str | float)
D = TypeVar("D", bound=int | str | float | None)
P = ParamSpec("P")
NOTHING = "none"  # what the address says where nothing is chosen, though something is at first


@dataclass
class _Address:
    """What the link said and nobody has asked for yet; what is shown now; what was refused.

    `shown` has the key in the session and the default by a choice's name, `beside` what the address
    says besides, `refused` what the page took instead, and why. While something `moves`, the
    address waits.
    """

    link: dict[str, str]
    shown: dict[str, tuple[str, object]] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)
    refused: dict[str, tuple[object, str]] = field(default_factory=dict)
    moves: bool = False


class Choices:
    """The choices of one page; each stands in the session under the key that its widget has.

    `prefix` is what these keys begin with.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def key(self, name: str) -> str:
        """The key of a choice, or of another widget of the page."""
        return self.prefix + name

    def said(
        self,
        name: str,
        default: D,
        possible: Iterable[T],
        *,
        of: str = "",
        always: bool = False,
        free: bool = False,
    ) -> T | D:
        """A choice of this visitor: the session's, else the link's, else the default.

        It stands in the session then, under the key that the choice's widget has.

        Args:
            default: None where nothing is chosen at first.
            possible: all values that can be chosen. Another one in the link is refused with a
                sentence.
            of: what the choice belongs to: for each the session has one of its own.
            always: whether the address says the default too, since it may be another elsewhere.
            free: whether what is chosen at first, a text, can be let go.
        """
        values = possible if isinstance(possible, range) else list(possible)

        def read(text: str) -> T | D | None:
            value = value_of(name, text, [*values, NOTHING] if free else values)
            return None if free and value == NOTHING else value

        key, now = self._take(name, default, read, of)
        # Nothing is written that stands there already: the browser would be told it, and take back
        # what the visitor chooses in that very moment.
        if now != default and now not in values and not (free and now is None):
            st.session_state[key] = now = default
        self._address().shown[name] = key, None if always else default
        return cast(T | D, now)

    def row(self, name: str, label: str, options: Iterable[str]) -> str:
        """A choice of one in a row of buttons, the first at first; `label` is only read aloud."""
        options = list(options)
        chosen = self.said(name, options[0], options)
        st.segmented_control(
            label,
            options,
            required=True,
            label_visibility="collapsed",
            key=self.key(name),
            persist_state="session",
        )
        return chosen

    def typed(self, name: str, default: str, check: Callable[[str], object], *, of: str) -> str:
        """A choice that is any text which `check` takes; it raises ValueError, with why not."""

        def read(text: str) -> str:
            try:
                check(text)
            except ValueError as error:
                raise ValueError(
                    f"it says {in_code(f'{name}={text}')} ({spelled(str(error))})"
                ) from None
            return text

        take_any_text(self.prefix + of + name)
        key, now = self._take(name, default, read, of)
        self._address().shown[name] = key, default
        return cast(str, now)

    def _take(
        self, name: str, default: object, read: Callable[[str], object], of: str
    ) -> tuple[str, object]:
        """A choice's key and value, which is the link's now if there was none before."""
        key = self.prefix + of + name
        text = self._address().link.pop(name, None)
        try:
            return key, st.session_state[key]
        except KeyError:
            now = default
        if text is not None:
            try:
                now = read(text)
            except ValueError as error:
                self.refuse(name, default, str(error))
        st.session_state[key] = now
        return key, now

    def choose(self, name: str, value: int | str | float | None, *, of: str = "") -> None:
        """Make a choice that has no widget of its own."""
        st.session_state[self.prefix + of + name] = value

    def say(self, name: str, value: int | str | None) -> None:
        """Let the address say what is no choice, but needed to show the same; None for nothing."""
        self.choose(name, value)
        self._address().shown[name] = self.prefix + name, None

    def say_beside(self, parameters: Mapping[str, str]) -> None:
        """Let the address say these too, until it is told others."""
        self._address().beside = parameters

    def linked(self, name: str) -> str | None:
        """What the link says under that name, as it stands there: once."""
        return self._address().link.pop(name, None)

    def not_asked_for(self) -> list[str]:
        """The names in the link that nobody has asked for yet."""
        return list(self._address().link)

    def refuse(self, name: str, instead: object, why: str) -> None:
        """Have the page say why it does not use the link, as long as the choice is as it is now."""
        self._address().refused[name] = instead, why

    def refusals(self) -> list[str]:
        """Why the link's values are not used, for what is shown and was not chosen anew."""
        address, state = self._address(), st.session_state
        return [
            why
            for name, (instead, why) in address.refused.items()
            # A row of buttons may say None for none of them.
            if name in address.shown and state.get(address.shown[name][0]) in (instead, None)
        ]

    def tell_refusals(self, place: DeltaGenerator) -> None:
        """Say in that place, an empty one, what of the link is not used; where all is, nothing."""
        if refusals := self.refusals():
            with place.container():
                for why in refusals:
                    st.warning(f"Something in the link was not used: {why}.")

    def begin(self) -> None:
        """With each run of the whole page: nothing is shown yet, and nothing moves."""
        self._address().shown, self._address().moves = {}, False

    def moving(self, moves: bool) -> None:
        """While something moves, by a hand or by itself, the address waits: a browser notes each
        address in its history."""
        self._address().moves = moves

    def part(self, body: Callable[[], object], *, tells: bool = False) -> None:
        """Show a part of the page that is drawn anew by itself; the address says its choices.

        `tells` is whether it begins with what of the link is not used.
        """
        st.fragment(self.followed(body, tells=tells))()

    def followed(self, body: Callable[P, object], *, tells: bool = False) -> Callable[P, None]:
        """The same part of the page; the address says its choices, whatever draws it anew."""
        around = dict(self._address().shown)

        @wraps(body)
        def drawn(*args: P.args, **kwargs: P.kwargs) -> None:
            self._address().shown = dict(around)
            place = st.empty() if tells else None
            body(*args, **kwargs)
            if place is not None:  # not before: the last choice may be asked for at the end
                self.tell_refusals(place)
            self.write_address()

        return drawn

    def write_address(self) -> None:
        """Let the address say the choices that are shown, beside the run that may stand there."""
        now, state, address = st.query_params.to_dict(), st.session_state, self._address()
        if address.moves:
            return
        wanted = {name: now[name] for name in OTHER_PARAMETERS if name in now}
        wanted |= address.beside
        for name, (key, default) in address.shown.items():
            value = state.get(key, default)  # a widget that has gone has none
            if value != default:
                wanted[name] = NOTHING if value is None else written(value)
        if now != wanted:
            st.query_params.from_dict(wanted)

    def hand_over(self, **link: str) -> None:
        """Have the page show next what a link with these values would, whatever is chosen now."""
        for name in link:
            st.session_state.pop(self.key(name), None)
        st.session_state[self._slot] = _Address(link)

    def _address(self) -> _Address:
        address = st.session_state.get(self._slot)
        if address is None:
            address = st.session_state[self._slot] = _Address(st.query_params.to_dict())
        return cast(_Address, address)

    @property
    def _slot(self) -> str:
        return self.prefix + "address"


TRAIN, DRAW, WEIGHTS = Choices("train_"), Choices("draw_"), Choices("weights_")
BACKPROP, EVALUATE = Choices("backprop_"), Choices("evaluate_")
EXPERIMENTS = Choices("experiments_")
