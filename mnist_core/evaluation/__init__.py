"""How good a network is, and how far its own confidence can be trusted."""
