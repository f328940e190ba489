"""Long work that pages wait for, in a process of its own: so the server's one lock is free."""
