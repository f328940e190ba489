"""Names and words of strangers are text on the page: Markdown would fetch a picture for them."""

import ast
import io
import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.data.own_digits import CollectionError, read_zip
from mnist_core.training.checkpoint import CheckpointError, load_checkpoint
from ui.links import in_code
from ui.words import spelled

ROOT = Path(__file__).parents[2]
PICTURE = "![x](http://example.org/x.png)"
HOSTILE = [
    PICTURE, f"a\n\n{PICTURE}", f"`{PICTURE}", f"\\{PICTURE}", "**bold** _and_ ~~gone~~",
    "<img src=x>", "$x^2$", ":red[red] :material/home:", "# head", "| a | b |", "&lt;b&gt;",
]  # fmt: skip
SHOWS_MARKDOWN = {"error", "warning", "caption", "info", "success", "markdown", "write", "toast"}


def meant(text: str) -> str:
    """What of a text still has a meaning: all that no backslash stands before."""
    found, place = "", 0
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        found += text[place]
        place += 1
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_of_a_stranger_is_spelled(text: str) -> None:
    left = meant(spelled(text))
    assert not set("`*_[]<>$~#!|&\n") & set(left)
    assert ":red" not in left and ":material" not in left
    assert "".join(spelled(text).split()).replace("\\", "") == "".join(text.split()).replace(
        "\\", ""
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_piece_of_a_link_stays_code_whatever_is_in_it(text: str) -> None:
    code = in_code(text)
    assert code[0] == code[-1] == "`" and "`" not in code[1:-1] and "\n" not in code


def test_what_a_refused_file_has_in_it_may_be_a_picture_s_address() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(f"{PICTURE}.npy", b"")
    for read, kind in ((load_checkpoint, CheckpointError), (read_zip, CollectionError)):
        with pytest.raises(kind) as refused:
            read(content.getvalue())
        assert "![" not in meant(spelled(str(refused.value)))


def test_a_link_with_an_empty_line_shows_no_picture() -> None:
    app = AppTest.from_string("import ui.train.page\nui.train.page.page()", default_timeout=60)
    app.query_params["epochs"] = f"1\n\n{PICTURE}"
    app.run()
    (warning,) = [one.value for one in app.warning]
    assert "\n" not in warning and not app.exception


def test_pages_spell_what_went_wrong() -> None:
    """An error's words hold names of files, entries and runs: no page shows them as Markdown."""
    raw = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted(ROOT.glob("ui/**/*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in SHOWS_MARKDOWN
        and any(map(is_raw, call.args))
    ]
    assert raw == []


def is_raw(argument: ast.expr) -> bool:
    """Whether an argument is, or has in an f-string, the words of an error as they are."""
    parts = [argument]
    if isinstance(argument, ast.JoinedStr):
        parts = [part.value for part in argument.values if isinstance(part, ast.FormattedValue)]
    return any(ast.unparse(part) in ("error", "str(error)", "refusal") for part in parts) or any(
        isinstance(part, ast.Attribute) and part.attr == "message" for part in parts
    )
