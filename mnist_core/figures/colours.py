"""Colours that charts of the core and pages share: the same one for the same network everywhere.
Told apart by colour-blind eyes, on white and on black.
"""

MLP = "#009e73"
CNN = "#aa4499"
OWN = "#997700"  # a network of the visitor's own
OTHER = "#a64c3a"  # another one of theirs beside it
MODELS = {"mlp": MLP, "cnn": CNN}
MARK = "#888888"  # a line that marks a place in a chart
TRAINING = "#2f7fc1"
VALIDATION = "#e07b00"
POSITIVE, NEGATIVE = "#c4541b", "#2f6fb0"  # of weights: orange for, blue against
SUMMED, MEAN = "#8064c8", "#a87400"  # a batch's gradients
TUNED = "#d55e00"  # a network with the settings that are best for it
