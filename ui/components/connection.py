"""Says so while the server does not answer: a page that stands still looks as if it were well.

Relies on what Streamlit writes on the app's element, data-test-connection-state. Should that be
gone one day, nothing is said (tests/browser/test_connection.py would tell).
"""

from streamlit.components.v2 import component


def say_when_the_server_is_gone() -> None:
    """To be called once on every page."""
    _mount(key="connection")


_mount = component(
    "digit_lab_connection",
    html="""<p class="gone" role="alert" hidden>
  The server does not answer. What was trained is kept up to its last checkpoint; this page goes
  on by itself when the server is back.
</p>""",
    css="""
.gone {
  position: fixed;
  z-index: 1000;
  left: 50%;
  bottom: 1rem;
  transform: translateX(-50%);
  width: min(36rem, calc(100vw - 2rem));
  box-sizing: border-box;
  margin: 0;
  padding: 0.7rem 1rem;
  border-radius: 0.4rem;
  background: #8a2b0c;
  color: #ffffff;
}
""",
    js="""
const PATIENCE = 1500; // milliseconds: a short break is nobody's business

export default function ({ parentElement }) {
  const words = parentElement.querySelector(".gone");
  const app = document.querySelector('[data-testid="stApp"]');
  if (!app || words.dataset.listens) return;
  words.dataset.listens = "yes";
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    if (app.dataset.testConnectionState === "CONNECTED") words.hidden = true;
    else timer = setTimeout(() => { words.hidden = false; }, PATIENCE);
  };
  const observer = new MutationObserver(() => (words.isConnected ? look() : observer.disconnect()));
  observer.observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] });
}
""",
)
