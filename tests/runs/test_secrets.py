"""What opens a run can't be guessed, and who began it is told to nobody."""

import io
import zipfile
from pathlib import Path

import pytest

from mnist_core.runs.local import LocalPool
from mnist_core.runs.store import RunStore
from mnist_core.training.config import TrainConfig

CONFIG = TrainConfig(hidden=(4,), epochs=1, train_size=200)
VISITOR = "0123456789abcdef" * 2


def test_an_id_and_a_key_have_128_random_bits(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    row, other = (store.new_row(CONFIG, data=None, visitor=VISITOR) for _ in range(2))
    assert len(bytes.fromhex(row.id)) == 16
    assert len(row.command_key) >= 22  # letters of 6 bits
    assert row.id != other.id and row.command_key != other.command_key
    store.close()


@pytest.mark.parametrize("key", ["", "x", "\U0001f4a9", "\ud800", "0" * 10_000])
def test_another_key_opens_nothing(pool: LocalPool, key: str) -> None:
    handle = pool.start(CONFIG, visitor=VISITOR)
    other = pool.get(handle.id, visitor="other", key=key)
    assert other is not None and not other.may_command and other.command_key == ""
    opened = pool.get(handle.id, visitor="other", key=handle.command_key)
    assert opened is not None and opened.may_command


def test_a_run_that_is_taken_along_tells_nobody_who_began_it(pool: LocalPool) -> None:
    handle = pool.start(CONFIG, visitor=VISITOR)
    handle.wait_for(lambda view: view.ended, timeout=60)
    content = io.BytesIO()
    pool.store.shelf.export(handle.id, content)
    with zipfile.ZipFile(content) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    for secret in (VISITOR, handle.command_key, handle.id):
        assert secret.encode() not in everything
