"""`export`: a network as a file for other programs, or as a script that reads like a lesson."""

import argparse

from mnist_core.cli.keeping import check_place, same_file
from mnist_core.cli.output import say, spelled, tell
from mnist_core.cli.parser import Command, add_model, file_name
from mnist_core.experiments.export import FORMATS, export_network, format_of
from mnist_core.training.checkpoint import load_trained


def add_options(parser: argparse.ArgumentParser) -> None:
    """Which network, in which form, and into which file."""
    add_model(parser)
    parser.add_argument(
        "--format", choices=FORMATS,
        help="npz: for this program, and for NumPy. safetensors: the arrays, with a description. "
        "onnx: for other runtimes (needs requirements-export.txt). script: one Python file that "
        "predicts with NumPy alone. Default: what the name of the file ends in.",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=file_name, required=True, metavar="FILE",
        help="The file to write. Its name may end in .npz, .safetensors, .onnx or .py. Default: "
        "none, it must be given.",
    )  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Write the file, and say what was written."""
    form = options.format or format_of(options.out)
    check_place(options.out)
    checkpoint, model = load_trained(options.model)
    if same_file(options.out, options.model):
        raise ValueError(f"{options.out} is the network itself: give --out another name")
    size = export_network(checkpoint, model, form, options.out)
    parameters = model.parameters.flat.size
    if options.json:
        file = str(options.out)
        say({"file": file, "format": form, "bytes": size, "parameters": parameters})
    else:
        tell(f"{spelled(options.out)}: {parameters:,} parameters as {form}, {size:,} bytes")
    return 0


COMMAND = Command(
    "export", "Write a network as npz, safetensors, ONNX or a stand-alone script.", add_options, run
)
