"""Pages of a browser that tests use one after the other, each time as good as new.
Streamlit's code costs a new page over a second of the processor; one that has run it, a third.
"""

from collections import defaultdict
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

DESK: ViewportSize = {"width": 1280, "height": 900}
# What a page can be told anew; with other options it is another page. Nothing moves where nobody
# asks for it: a frame costs the same as one that shows something new.
MEDIA = {
    "color_scheme": "light",
    "reduced_motion": "reduce",
    "forced_colors": "none",
}
ACTS_WITHIN = 120_000  # milliseconds until a click has reached its goal, however busy the machine
# What a page can't be rid of again.
LASTING = ("add_init_script", "expose_binding", "expose_function", "route", "route_web_socket")


class Pages:
    """Pages that have been used before, by their options; each has cookies of its own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._idle: dict[str, list[Page]] = defaultdict(list)
        self._kind: dict[BrowserContext, str] = {}

    def take(self, *, own: bool = False, **options: Any) -> Page:
        """A page with these options of a context, that of a desk without any.

        With `own` nobody has used it before, nor will afterwards: for what changes it for good.
        """
        viewport = options.pop("viewport", DESK)
        media: dict[str, Any] = {name: options.pop(name, usual) for name, usual in MEDIA.items()}
        kind = str(sorted(options.items()))
        if own or not self._idle[kind]:
            context = self._browser.new_context(viewport=DESK, **options)
            context.set_default_timeout(ACTS_WITHIN)
            page = context.new_page()
        else:
            page = self._idle[kind].pop()
        if not own:
            self._kind[page.context] = kind
            for name in LASTING:
                setattr(page, name, _refused)
        page.set_viewport_size(viewport)
        page.emulate_media(media="null", **media)
        return page

    def give_back(self, page: Page) -> None:
        """Leave what the page showed, and forget what it kept."""
        context = page.context
        kind = self._kind.pop(context, None)
        if kind is None or page.is_closed():
            context.close()
            return
        for other in context.pages:
            if other is not page:
                other.close()
        page.mouse.up()
        page.mouse.move(0, 0)
        if page.url.startswith("http"):
            # Of the same site, so that the process stays; without any code.
            page.goto(page.evaluate("location.origin") + "/_stcore/health")
            page.evaluate('() => { sessionStorage.clear(); window.name = ""; }')
        context.set_storage_state({})
        self._idle[kind].append(page)

    def close(self) -> None:
        """Close those that nobody uses."""
        for page in (page for pages in self._idle.values() for page in pages):
            page.context.close()


def _refused(*_: object, **__: object) -> None:
    raise RuntimeError("other tests use this page afterwards: take new_page(own=True) for that")
