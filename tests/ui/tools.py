"""What tests of pages do with Streamlit's AppTest."""

from streamlit.testing.v1 import AppTest


def again(app: AppTest) -> AppTest:
    """The same after another run, which raised nothing."""
    app.run(timeout=60)
    assert not app.exception
    return app
