"""Turns other sites' pages away without asking anybody.

To compare the address of such a page, Streamlit asks a server elsewhere for this machine's own.
Where a network lets nothing out, that takes seconds, for each page anew, and everybody waits.
A page of ours is known before, by the `Host` header.
"""

from streamlit import net_util


def ask_nobody_for_our_address() -> None:
    """Stand in front of Streamlit's asking."""
    net_util.get_external_ip = lambda: None
