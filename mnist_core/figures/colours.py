"""Colours that charts of the core and pages share: the same one for the same network everywhere.
Told apart by colour-blind eyes, on white and on black.
"""

MLP = "#009e73"
CNN = "#aa4499"
OWN = "#997700"  # a network of the visitor's own
OTHER = "#a64c3a"  # another one of theirs beside it
MODELS = {"mlp": MLP, "cnn": CNN}
MARK = "#888888"  # a line that marks a place in a chart
