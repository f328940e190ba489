"""The field's words, each explained in one sentence, where they are used and by click."""

from collections.abc import Sequence

import streamlit as st

WORDS = {
    "hidden unit": "Multiplies every pixel by a weight of its own, adds its bias, and passes the "
    "sum through its activation.",
    "filter": "A small set of weights that is moved over the whole picture and answers where it "
    "finds what it looks for.",
    "bias": "What is added to a unit's sum whatever the picture shows.",
    "dead": "Its answer is nearly the same, and nearly nothing, for every image: it can't help.",
    "saturated": "Its answer sticks at an end of its range, so that training can hardly move it.",
    "importance": "How many percentage points of accuracy are lost without it.",
    "digit it speaks for": "The digit whose score it raises most, on average over images.",
    "pruning": "Taking units out, the least important first, to see how few would do.",
    "activation maximization": "A picture is changed, beginning with faint noise, until the unit "
    "answers it as strongly as it can.",
    "snapshot": "A copy of the network's weights at one step of the run, kept to be looked at.",
    "diverged": "The run's numbers grew without end, mostly because its steps were too large.",
    "feature map": "What one filter answers at every place of the picture.",
    "receptive field": "The part of the picture that one value of a feature map depends on.",
    "logit": "The score of a digit before scores are turned into probabilities.",
    "gradient": "How much the digit's score would change if a pixel had a little more ink.",
    "smoothed gradient": "The mean gradient of many slightly noisy copies: less speckled.",
    "occlusion": "How much the digit's score falls when a patch of the picture is covered.",
    "loss": "One number for how wrong the answer is: 0 if the right digit has all the probability.",
    "gradient of the loss": "How much the loss would grow if a number grew a little: its slope.",
    "softmax": "Turns the ten logits into probabilities: each grows with its logit, and their sum "
    "is one.",
    "cross-entropy": "The loss used here: minus the logarithm of the right digit's probability.",
    "one-hot": "Ten numbers for a label: 1 at the right digit, 0 at all others.",
    "chain rule": "The slope of one thing after another is the product of their slopes.",
    "Jacobian": "All slopes of several outputs for several inputs as a matrix: a row for each "
    "output, a column for each input.",
    "Kronecker product": "A matrix of blocks: each number of the first times the whole second.",
    "elementwise product": "Number by number: of two columns of one shape a third, written ⊙.",
    "learning rate": "How far a step goes: each weight changes by its gradient times this number, "
    "η (eta).",
    "relative error": "A difference beside the size of the numbers that differ: 0.01 is 1 %.",
    "float32 and float64": "How a computer keeps numbers: with about 7 digits, and with about 16.",
    "finite difference": "A slope measured by moving a number a little and looking what changes.",
    "RMS gradient": "The usual size of the gradient of one weight: the root of the mean square.",
    "update ratio": "How large a step is beside the weights it changes; about 0.001 is usual.",
    "precision": "Of the images that are taken for a digit, the share that is that digit.",
    "recall": "Of the images of a digit, the share that is recognised.",
    "validation images": "Images that no network learns from, to choose settings by.",
    "test images": "Images that nothing was learned from or chosen by: they are looked at once.",
    "overfitting": "Training images are read better than new ones: they are learned by heart.",
    "seed": "Where all randomness starts. Other seeds show how much is chance.",
    "F1": "The harmonic mean of precision and recall: high only if both are.",
    "mean": "The mean over the digits that occur, each counting the same.",
    "95 % interval": "Where the true accuracy lies: of 100 such intervals, each from other "
    "images, about 95 would hold it (Wilson's formula).",
    "McNemar's test": "How probable a difference as large or larger is if both networks are "
    "equally good, judged by the images that only one of them reads.",
    "parameters": "The numbers that training sets: all weights and biases.",
    "shipped": "Trained before, and part of this program.",
    "IDX file": "The format of MNIST's files: a few bytes that say how many numbers follow, then "
    "the pixels or labels, a byte each.",
    "PCA": "Principal component analysis: of all directions it finds those in which the images "
    "differ most. Two of them are shown.",
    "distortion": "A change to all images, such as a turn or a blur; its strength says how large.",
    "standard deviation": "How far numbers usually lie from their mean.",
    "doubted label": "A label that the networks hold less probable than another digit.",
    "nearly the same": "Two images whose pixels hardly differ: the network may know one from "
    "training.",
    "confidence": "The probability that a network gives the digit that it reads.",
    "calibration error": "How far confidence and accuracy lie apart, on average over 15 bins of "
    "confidence.",
    "temperature scaling": "All logits are divided by one number, T, before softmax: above 1 the "
    "network becomes less sure, and no answer changes.",
    "coverage": "The share of the images that are answered, when the unsure ones are turned away.",
}


def words_explained(names: Sequence[str]) -> None:
    """A button that opens the explanations of these words."""
    with st.popover("What the words mean", icon=":material/help:"):
        lines = (f"**{name[0].upper()}{name[1:]}.** {WORDS[name]}" for name in names)
        st.markdown("\n\n".join(lines))  # one element: they are sent again at every step
