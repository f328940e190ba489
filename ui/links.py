"""Addresses that show a run: one to watch it, and one that may command it as well."""

from urllib.parse import urlencode, urlsplit, urlunsplit


def link_to_run(address: str, run_id: str, command_key: str = "") -> str:
    """The address of the Train page of the server that `address` leads to, with that run.

    Whoever opens a link with a command key may command the run from then on.
    """
    server = urlsplit(address)
    values = {"run": run_id} | ({"command": command_key} if command_key else {})
    return urlunsplit((server.scheme, server.netloc, server.path, urlencode(values), ""))
