"""Playwright's expect, which asks ten times a second however long it may wait.
With a patience of more than 2.5 s Playwright asks twice a second: each wait is 0.2 s longer.
"""

from collections.abc import Callable
from time import monotonic
from typing import Any, cast

import playwright.sync_api
from playwright.sync_api import Expect, Locator, Page

PATIENCE = 30_000  # milliseconds, if nothing else is asked for; a busy machine is no failure
AT_ONCE = 2_400  # milliseconds; with a fifth of it below 500, Playwright asks every 100

playwright.sync_api.expect.set_options(timeout=PATIENCE)  # for whoever asks Playwright itself


class _Prompt:
    """The assertions of Playwright, each asked in turns that are short enough."""

    def __init__(self, assertions: object) -> None:
        self._assertions = assertions

    def __getattr__(self, name: str) -> Callable[..., None]:
        holds = getattr(self._assertions, name)

        def in_turns(*expected: Any, timeout: float = PATIENCE, **options: Any) -> None:
            __tracebackhide__ = True
            give_up = monotonic() + timeout / 1000
            while (left := 1000 * (give_up - monotonic())) > AT_ONCE:
                try:
                    return holds(*expected, timeout=AT_ONCE, **options)
                except AssertionError:  # not yet
                    pass
            return holds(*expected, timeout=max(left, 1), **options)

        return in_turns


def _expect(actual: Locator | Page) -> _Prompt:
    return _Prompt(playwright.sync_api.expect(actual))  # type: ignore[call-overload]


expect = cast(Expect, _expect)  # expect(a page or a part of it).what_has_to_become_true()
