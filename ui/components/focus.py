"""Keeps the keyboard's place when the button that has it can't be used any more, or is gone.
The browser would let it fall to the top of the page. It relies on the class that Streamlit 1.67
gives an element with a key.
"""

from collections.abc import Mapping

from streamlit.components.v2 import component


def keyboard_goes_on(after: Mapping[str, str]) -> None:
    """To be called once on a page; `after` names the key of what has the focus next, by the key of
    a button that goes. Keys may lack what comes after an underscore.

    A button that comes back has the focus again. What has nothing to press in it is made focusable
    itself, and what can't be used yet is waited for.
    """
    _mount(key="keyboard", data=dict(after))


_mount = component(
    "digit_lab_focus",
    html='<span class="focus" hidden></span>',
    js="""
const CONTROLS =
  "button:not([aria-label^='Help for']), input:not([type='file']), textarea, " +
  "[aria-selected='true'], [tabindex='0']";
let after = {};
let last = null; // the key of the button that has, or had, the focus

const keyed = (element) => element.closest?.('[class*="st-key-"]');
const keyOf = (element) =>
  [...(keyed(element)?.classList ?? [])].find((name) => name.startsWith("st-key-"))?.slice(7);
const placeOf = (key) =>
  document.querySelector(`.st-key-${CSS.escape(key)}`) ??
  document.querySelector(`[class*="st-key-${CSS.escape(key)}_"]`);
const nextOf = (key) =>
  after[Object.keys(after).find((name) => name === key || key.startsWith(`${name}_`))];

/* What can have the focus in a place: nothing, while its controls can't be used or are on their
way (a widget's script is loaded when the first of its kind is shown). */
function focusable(place) {
  if (place.querySelector("[data-testid='stSkeleton']")) return null;
  const controls = [...place.querySelectorAll(CONTROLS)];
  if (controls.length) return controls.find((control) => !control.disabled);
  place.tabIndex = -1;
  return place;
}

function goOn() {
  const now = document.activeElement;
  if (last === null || (now !== document.body && !now.disabled)) return;
  for (const key of [last, nextOf(last)]) {
    const place = key === undefined ? null : placeOf(key);
    const target = place && focusable(place);
    if (target) {
      target.focus({ preventScroll: true });
      last = key; // it may go as well, as the choices of a field do that is emptied
      return;
    }
  }
}

function remember(element) {
  last = element.closest?.(".stButton") ? (keyOf(element) ?? null) : null;
}

function listen() {
  const ofTheReader = (event) => {
    if (event.type === "pointerdown" || event.key === "Tab") last = null; // goes by itself
  };
  document.addEventListener("pointerdown", ofTheReader, true);
  document.addEventListener("keydown", ofTheReader, true);
  document.addEventListener("focusin", ({ target }) => remember(target));
  remember(document.activeElement);
  new MutationObserver(goOn).observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["disabled"],
  });
}

let listens = false;

export default function ({ data }) {
  after = data;
  if (!listens) listen();
  listens = true;
}
""",
)
