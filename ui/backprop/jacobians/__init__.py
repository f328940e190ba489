"""The Jacobians of a step in full: as matrices, in products, and what replaces them in code."""
