"""Puts the keyboard into a popover that has just been opened.
Streamlit puts a popover's content at the end of the page: without this, one would have to tab
through all that lies between. It relies on the test id of that content, as Streamlit 1.67 has it.
"""

from streamlit.components.v2 import component


def keyboard_goes_here(*, key: str) -> None:
    """To be called last in a popover: the next Tab then leads to the first control in it."""
    _mount(key=key)


_mount = component(
    "digit_lab_opened",
    html='<span class="opened" hidden></span>',
    js="""
export default function ({ parentElement }) {
  const here = parentElement.querySelector(".opened");
  if (here.dataset.seen) return;
  here.dataset.seen = "yes";
  const place = here.getRootNode().host ?? here;
  const content = place.closest('[data-testid="stPopoverBody"]');
  if (!content || content.contains(document.activeElement)) return;
  content.tabIndex = -1;
  content.focus({ preventScroll: true });
}
""",
)
