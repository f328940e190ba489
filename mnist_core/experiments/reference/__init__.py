"""The report's experiment: all that it trained, what it left open, and a page of what came out."""
