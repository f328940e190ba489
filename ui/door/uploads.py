"""Keeps few uploaded files of a session in memory: Streamlit keeps all until the session ends."""

from functools import wraps

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

MOST_BYTES = 128 * 2**20  # the largest file, and some more
MOST_FILES = 20


def keep_few_uploads() -> None:
    """Stand behind Streamlit's keeping of a file: the session's oldest ones go."""
    original = MemoryUploadedFileManager.add_file

    @wraps(original)
    def add_file(self: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
        self.remove_file(session_id, file.file_id)  # sent again, it is the newest
        original(self, session_id, file)
        for file_id in too_many(self.file_storage.get(session_id, {})):
            self.remove_file(session_id, file_id)

    MemoryUploadedFileManager.add_file = add_file


def too_many(files: dict[str, UploadedFileRec]) -> list[str]:
    """The ids of the files that have to go, the newest stand last; the newest always stays."""
    gone, kept, size = [], 0, 0
    for file_id, file in reversed(list(files.items())):
        kept, size = kept + 1, size + len(file.data)
        if kept > 1 and (kept > MOST_FILES or size > MOST_BYTES):
            gone.append(file_id)
    return gone
