"""Networks in plain NumPy: layers, their gradients, and what turns a gradient into a step."""
