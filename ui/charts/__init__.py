"""Charts: functions from arrays to figures; nothing here knows a page."""
