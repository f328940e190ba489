"""What stands between browsers and Streamlit: anybody can send anything, as often as they like.

Streamlit has no place for such limits, so functions of its own are stood in front of, as versions
1.66 and 1.67 have them. docs/security.md says what they promise.
"""

from functools import cache

from ui.door.origins import ask_nobody_for_our_address
from ui.door.pace import slow_down_floods
from ui.door.presses import carry_each_press_out_once
from ui.door.uploads import keep_few_uploads
from ui.door.values import believe_only_what_can_be_read

__all__ = ["stand_at_the_door"]


@cache  # once in a process
def stand_at_the_door() -> None:
    """To be called in a server before its first page."""
    carry_each_press_out_once()
    believe_only_what_can_be_read()
    slow_down_floods()
    keep_few_uploads()
    ask_nobody_for_our_address()
