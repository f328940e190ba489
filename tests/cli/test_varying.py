"""`--vary`: values and ranges as they are typed, and what is said of those that can't be."""

import argparse

import pytest

from mnist_core.cli.varying import varied
from mnist_core.data.augment import AUGMENTATIONS
from mnist_core.experiments.space import Choices, Range


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("learning_rate=0.1,0.01", Choices("learning_rate", (0.1, 0.01))),
        ("learning-rate=0.1, 0.1", Choices("learning_rate", (0.1,))),
        ("--learning-rate=1e-3", Choices("learning_rate", (0.001,))),
        ("average=0.9", Choices("ema_decay", (0.9,))),
        ("hidden=32,128+64", Choices("hidden", ((32,), (128, 64)))),
        ("dense=0,64", Choices("dense", ((), (64,)))),
        ("activation=relu,tanh", Choices("activation", ("relu", "tanh"))),
        ("augmentation=mild", Choices("augmentation", (AUGMENTATIONS["mild"],))),
        ("learning_rate=1e-6..1:log:3", Choices("learning_rate", (1e-6, 1e-3, 1.0))),
        ("batch_size=10..30:linear:3", Choices("batch_size", (10, 20, 30))),
        ("dropout=0..0.5", Range("dropout", 0, 0.5)),
        ("learning_rate=1e-6..1:log", Range("learning_rate", 1e-6, 1, log=True)),
    ],
)
def test_what_is_typed_is_what_is_varied(text: str, found: Choices | Range) -> None:
    assert varied(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learning_rate", "needs values, as learning_rate=0.1,0.01"),
        ("learning_rate=", "needs values"),
        ("rate=0.1", "there is no setting 'rate' to vary; choose from activation, augmentation"),
        ("seed=1,2", "--seeds says how many"),
        ("threads=1,2", "threads change no result"),
        ("learning_rate=a", "a number is needed, not 'a'"),
        ("learning_rate=0.1,", "a number is needed, not ''"),
        ("learning_rate=0.1,-1", "the learning rate must be from 0 to 100, not -1"),
        ("learning_rate=1e-3..1000:log:4", "must be from 0 to 100, not 1000"),
        ("learning_rate=0..1:log:3", "begins above 0"),
        ("learning_rate=1..1e-3:log:4", "is no range"),
        ("learning_rate=a..1", "could not convert"),
        ("learning_rate=0.1..1:log:1", "at least 2 values, not 1"),
        ("activation=relu..tanh", "activation has no numbers to range over"),
        ("activation=rely", "must be sigmoid, relu, tanh, not 'rely'"),
        ("hidden=32x16", "whole numbers with commas"),
    ],
)
def test_what_can_not_be_varied_is_said(text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as error:
        varied(text)
    assert said in str(error.value)
