"""One run of an experiment as it is ordered, carried out, and answered."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from time import perf_counter
from typing import Any, Literal

import numpy as np

from mnist_core.arrays import Array
from mnist_core.data.mnist import Dataset
from mnist_core.runs.protocol import Message, ProtocolError
from mnist_core.training.checkpoint import Checkpoint, load_checkpoint, write_checkpoint
from mnist_core.training.config import TrainConfig
from mnist_core.training.run import EpochResult, Run
from mnist_core.training.train import train

# What is "unfinished" is still being trained: its first epochs are known.
Outcome = Literal["finished", "diverged", "failed", "unfinished"]


@dataclass(frozen=True)
class Job:
    """A run to train: its settings, its initial weights (P,) if not the seed's, what to keep."""

    config: TrainConfig
    initial: Array | None = None
    keep_weights: bool = False


@dataclass(frozen=True)
class Result:
    """What became of a job. seconds is of training alone, working_seconds of all."""

    status: Outcome
    message: str
    history: tuple[EpochResult, ...]
    seconds: float
    working_seconds: float
    checkpoint: Checkpoint | None


def carry_out(job: Job, data: Dataset) -> Iterator[EpochResult | Result]:
    """Yield an EpochResult after each epoch, and a Result at the end."""
    started = perf_counter()
    status: Outcome = "finished"
    message, seconds, run = "", 0.0, None
    try:
        run = _new_run(job, data)
        for progress in train(run):
            seconds = progress.seconds
            if progress.result:
                yield progress.result
            if progress.status == "diverged":
                status, message = "diverged", progress.message
    except MemoryError:
        status, message = "failed", "There is not enough memory for this run."
    except ValueError as error:
        status, message = "failed", f"The run can't begin: {error}."
    history = tuple(run.history) if run else ()
    checkpoint = None
    if run and job.keep_weights:
        kept = run.checkpoint().without_training()
        checkpoint = replace(kept, config=job.config.to_dict())
    yield Result(status, message, history, seconds, perf_counter() - started, checkpoint)


def _new_run(job: Job, data: Dataset) -> Run:
    # Every core has a run of its own, and threads change no number of it.
    run = Run(replace(job.config, threads=1), data)
    if job.initial is not None:
        run.model.parameters.flat[:] = job.initial
    return run


def job_message(job: Job) -> Message:
    """A job to send; initial weights are the payload."""
    header = {"config": job.config.to_dict(), "keep_weights": job.keep_weights, "initial": ""}
    if job.initial is None:
        return Message(header)
    return Message(header | {"initial": job.initial.dtype.str}, job.initial.tobytes())


def read_job(message: Message) -> Job:
    """The job in a message; ProtocolError if there is none."""
    try:
        header = message.header
        initial = None
        if header["initial"]:
            initial = np.frombuffer(message.payload, np.dtype(header["initial"]))
        return Job(TrainConfig.from_dict(header["config"]), initial, header["keep_weights"])
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"a job can't be read: {error}") from error


def answer_message(answer: EpochResult | Result) -> Message:
    """What carry_out has yielded, to send; a network is the payload."""
    if isinstance(answer, EpochResult):
        return Message({"epoch": asdict(answer)})
    header: dict[str, Any] = asdict(replace(answer, checkpoint=None))
    if answer.checkpoint is None:
        return Message(header)
    file = BytesIO()
    write_checkpoint(file, answer.checkpoint)
    return Message(header, file.getvalue())


def read_answer(message: Message) -> EpochResult | Result:
    """The answer in a message; ProtocolError if there is none."""
    try:
        if "epoch" in message.header:
            return EpochResult(**message.header["epoch"])
        header = dict(message.header)
        header["history"] = tuple(EpochResult(**result) for result in header["history"])
        header["checkpoint"] = load_checkpoint(message.payload) if message.payload else None
        return Result(**header)
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError(f"an answer can't be read: {error}") from error
