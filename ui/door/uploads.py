"""Keeps few uploaded files of a session in memory: Streamlit keeps all until the session ends."""

from functools import wraps

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from mnist_core.runs.fair import Kept, first_to_go

MOST_BYTES = 128 * 2**20  # of a session: the largest file, and some more
MOST_FILES = 20
MOST_OF_ALL = 512 * 2**20  # bytes of all sessions


def keep_few_uploads() -> None:
    """Stand behind Streamlit's keeping of a file: the oldest go of the session that has too many,
    and of the one that has most where all have too many."""
    original = MemoryUploadedFileManager.add_file

    @wraps(original)
    def add_file(self: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
        self.remove_file(session_id, file.file_id)  # sent again, it is the newest
        original(self, session_id, file)
        for file_id in too_many(self.file_storage.get(session_id, {})):
            self.remove_file(session_id, file_id)
        sessions = {session: dict(files) for session, files in list(self.file_storage.items())}
        for session, file_id in too_much(sessions, newest=(session_id, file.file_id)):
            self.remove_file(session, file_id)

    MemoryUploadedFileManager.add_file = add_file


def too_many(files: dict[str, UploadedFileRec]) -> list[str]:
    """The ids of the files that have to go, the newest stand last; the newest always stays."""
    gone, kept, size = [], 0, 0
    for file_id, file in reversed(list(files.items())):
        kept, size = kept + 1, size + len(file.data)
        if kept > 1 and (kept > MOST_FILES or size > MOST_BYTES):
            gone.append(file_id)
    return gone


def too_much(
    sessions: dict[str, dict[str, UploadedFileRec]], newest: tuple[str, str]
) -> list[tuple[str, str]]:
    """The files of all sessions that have to go, each by its session and its id."""
    kept = [
        Kept(place, file_id, session, len(file.data))
        for session, files in sessions.items()
        for place, (file_id, file) in enumerate(files.items())
    ]
    gone = []
    how = {"number": len(kept), "size": MOST_OF_ALL}
    while (one := first_to_go(kept, {newest[1]}, **how)) is not None:
        gone.append((one.owner, one.id))
        kept.remove(one)
    return gone
