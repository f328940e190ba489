"""An evaluation as one HTML file that needs nothing else: to be read, printed and kept."""
