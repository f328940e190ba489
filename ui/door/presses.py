"""Takes out of a timer's message what the reader has just pressed: its own message follows.

Streamlit's browser side waits an instant with the message about a button. When the timer of a part
of the page that is drawn anew by itself runs out in that instant, its message says that the button
was pressed, too, and so one press was carried out twice: Pause, and at once Resume. That happened
to one press in twenty while a run was going on. Streamlit has no way to say that a timer presses no
buttons, so this stands in front of one of its functions, as versions 1.66 and 1.67 have it.
"""

from functools import wraps

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.app_session import AppSession

# The values that last for one run of the script: those of buttons and of components' triggers.
PRESSES = (
    "trigger_value",
    "string_trigger_value",
    "chat_input_value",
    "json_trigger_value",
)


def carry_each_press_out_once() -> None:
    """To be called once in a server, before its first page."""
    original = AppSession.request_rerun

    @wraps(original)
    def request_rerun(self: AppSession, client_state: ClientState | None) -> None:
        if client_state is not None and client_state.is_auto_rerun:
            take_presses_out(client_state.widget_states)
        original(self, client_state)

    AppSession.request_rerun = request_rerun


def take_presses_out(states: WidgetStates) -> None:
    """Leave the values that stay, as of sliders and choices."""
    kept = [state for state in states.widgets if state.WhichOneof("value") not in PRESSES]
    del states.widgets[:]
    states.widgets.extend(kept)
