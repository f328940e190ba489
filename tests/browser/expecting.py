"""Playwright's expect, with the patience of all browser tests.

It asks twice a second. Asked ten times a second the tests were no faster beside each other, and
those that compare at an instant did so before the page had settled.
"""

from playwright.sync_api import expect as expect

PATIENCE = 30_000  # milliseconds, if nothing else is asked for; a busy machine is no failure

expect.set_options(timeout=PATIENCE)
