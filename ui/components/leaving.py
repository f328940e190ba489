"""Keeps a page that is being left from being used until the next one is there.
Streamlit takes a click that comes after that on a link for one on the new page, and shows nothing.

This is the one place that holds on to Streamlit's inside. It relies on two things: that elements
beside a keyed container are its siblings in the page (made `inert` here), and that a component runs
again when the new page has come. Streamlit 1.67 has no documented means: with its own menu
(`st.navigation(position="top")`) the same click shows "Bad delta path" and an empty page.
"""

from streamlit.components.v2 import component


def nothing_but_the_menu_while_leaving(page: str, menu: str) -> None:
    """From the click on a link in the container with the key `menu` until another `page` runs."""
    _mount(key="leaving", data={"page": page, "menu": menu})


_mount = component(
    "digit_lab_leaving",
    html='<span class="leaving" hidden></span>',
    js="""
const PATIENCE = 10000; // milliseconds, should the new page never come
let shown = null;
let waiting = [];
let timer = 0;

function usable() {
  for (const element of waiting) element.inert = false;
  waiting = [];
  clearTimeout(timer);
}

export default function ({ data, parentElement }) {
  const here = parentElement.querySelector(".leaving");
  if (data.page !== shown) {
    usable();
    // A button far down a page leads to the beginning of the next one.
    if (shown !== null) document.querySelector(".stMain")?.scrollTo(0, 0);
  }
  shown = data.page;
  if (here.dataset.listens) return;
  here.dataset.listens = "yes";
  const onClick = (event) => {
    if (!here.isConnected) return document.removeEventListener("click", onClick, true);
    const link = event.target.closest?.(`.st-key-${data.menu} a`);
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0;
    if (!link || elsewhere || link.pathname === window.location.pathname) return;
    usable();
    let menu = link.closest(`.st-key-${data.menu}`);
    while (menu.parentElement.children.length === 1) menu = menu.parentElement;
    waiting = [...menu.parentElement.children].filter((element) => element !== menu);
    for (const element of waiting) element.inert = true;
    timer = setTimeout(usable, PATIENCE);
  };
  document.addEventListener("click", onClick, true);
}
""",
)
