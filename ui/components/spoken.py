"""A line that nobody sees and screen readers speak: what stands in some place of the page.

It is an element of its own that stays while the page is drawn anew: words in an element that is put
in another's place are not spoken. It speaks at most once a second, and nothing twice in a row.
"""

from streamlit.components.v2 import component


def speak(selector: str) -> None:
    """Have the words of the first element that fits a CSS selector spoken when they change."""
    _mount(key="spoken", data={"selector": selector})


_mount = component(
    "digit_lab_spoken",
    html='<p class="spoken" role="status" aria-live="polite"></p>',
    css="""
.spoken {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: 0;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
""",
    js="""
const SETTLED = 400; // milliseconds, in which the words may still change ...
const PAUSE = 1000; // ... and between two that are spoken

export default function ({ data, parentElement }) {
  const line = parentElement.querySelector(".spoken");
  if (line.dataset.listens) return;
  line.dataset.listens = "yes";
  const words = () => document.querySelector(data.selector)?.textContent ?? "";
  let spoken = words(); // what is there when the page opens is read with the page
  let spokenAt = -Infinity;
  let timer = 0;
  const speak = () => {
    timer = 0;
    const now = words();
    if (now === "" || now === spoken) return;
    line.textContent = spoken = now;
    spokenAt = performance.now();
  };
  const observer = new MutationObserver(() => {
    if (!line.isConnected) return observer.disconnect();
    const now = words();
    if (timer || now === "" || now === spoken) return;
    if (spoken === "") return void (spoken = now);
    timer = setTimeout(speak, Math.max(SETTLED, spokenAt + PAUSE - performance.now()));
  });
  observer.observe(document.body, { childList: true, characterData: true, subtree: true });
}
""",
)
