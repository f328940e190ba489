"""A tour for the first visit: seven sentences, each beside the thing that it speaks of.

It begins by itself in a browser that has not seen it, and never again once it was closed or went to
its end; "Show me around" at the end of every page begins it anew. It takes no focus, moves nothing
and lies over none of the buttons that a run or a drawing needs (place.js finds the room for it).
"""

from dataclasses import asdict, dataclass

from ui.components.files import component_of


@dataclass(frozen=True)
class Step:
    """A sentence, and the first element of the page that fits a CSS selector.

    With `inside`, it is the element that fits this second selector within the component there. A
    step whose element is not on the page is left out, or waits for it.
    """

    sentence: str
    element: str
    inside: str | None = None


STEPS = (
    Step(
        "Press Start: a network that knows nothing yet learns to read digits while you watch.",
        ".st-key-start button",
    ),
    Step(
        "Each small picture is what a hidden unit looks for: ink on orange speaks for it, "
        "on blue against it.",
        ".st-key-train_network [data-testid^=stBidiComponent]",
        ".units:has(.weights)",
    ),
    Step(
        "Blue shows how it does on images it learns from, orange on images it never learns from.",
        "[class*=st-key-curve_]",
    ),
    Step(
        "Draw a digit of your own and see it read while the pen moves.",
        '.st-key-menu a[href$="draw"]',
    ),
    Step(
        "Go back through the training, switch units off, see what each is worth.",
        '.st-key-menu a[href$="weights"]',
    ),
    Step(
        "Follow one training step forward and back, every number of it.",
        '.st-key-menu a[href$="back-propagation"]',
    ),
    Step(
        "See what a network gets wrong, and how far it can be trusted.",
        '.st-key-menu a[href$="evaluate"]',
    ),
)


def tour() -> None:
    """To be called once on every page, after the menu; style/page.css puts it at the page's end."""
    _mount(
        key="tour",
        data={"steps": [asdict(step) for step in STEPS], "first_page": ".st-key-menu a"},
    )


_mount = component_of(
    "digit_lab_tour", __file__, scripts=("seen.js", "place.js", "pointer.js", "component.js")
)
