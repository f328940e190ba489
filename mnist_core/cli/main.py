"""The command line: train, evaluate, compare and export networks, read pictures, keep runs, serve.
`COMMAND --help` lists the options; bad input ends with one line, status 2.
"""

import argparse
import sys

from mnist_core.cli import (
    check_gradients,
    compare,
    evaluate,
    export,
    predict,
    report,
    runs,
    serve,
    sweep,
    train,
)
from mnist_core.cli.output import complain, let_go_of_output, spell_what_has_no_bytes
from mnist_core.cli.parser import JSON_HELP, Parser
from mnist_core.paths import COMMAND_LINE, PROGRAM

COMMANDS = {
    command.name: command
    for command in (
        train.COMMAND,
        evaluate.COMMAND,
        predict.COMMAND,
        sweep.COMMAND,
        compare.COMMAND,
        report.COMMAND,
        check_gradients.COMMAND,
        export.COMMAND,
        runs.COMMAND,
        serve.COMMAND,
    )
}

NOBODY_READS = 128 + 13  # as a shell has it for SIGPIPE, whose number Windows does not know


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = Parser(prog=" ".join(COMMAND_LINE), description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS.values():
        below = commands.add_parser(command.name, help=command.summary, description=command.summary)
        command.add_options(below)
        if command.has_json:
            below.add_argument("--json", action="store_true", help=JSON_HELP)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Carry out a command line; the exit status."""
    name = PROGRAM
    spell_what_has_no_bytes()
    try:
        try:
            options = parser().parse_args(arguments)
            name = f"{PROGRAM} {options.command}"
            return COMMANDS[options.command].run(options)
        finally:
            if sys.stdout is not None:  # it is None if the shell has closed it
                sys.stdout.flush()
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    except BrokenPipeError:  # as of `| head`, which has read enough: no mistake to speak of
        let_go_of_output()
        return NOBODY_READS
    except MemoryError:
        complain(f"{name}: the memory is full: a smaller network or batch size needs less")
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        complain(f"{name}: {what}{error.strerror or error}")
    except ValueError as error:
        complain(f"{name}: {error}")
    let_go_of_output()
    return 2
