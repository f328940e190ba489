"""What tests of pages do with Streamlit's AppTest."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest


def again(app: AppTest) -> AppTest:
    """The same after another run, which raised nothing."""
    app.run(timeout=60)
    assert not app.exception
    return app


def give_session(patch: pytest.MonkeyPatch, door: str, session: dict[str, Any]) -> None:
    """Have a component, by the name of its module, find this state of a session."""
    for module in (door, "ui.components.said"):
        patch.setattr(f"{module}.st", SimpleNamespace(session_state=session), raising=False)
