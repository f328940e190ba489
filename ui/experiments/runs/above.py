"""What stands above the list: how it is sorted, a run to bring in, the runs that were deleted."""

from functools import partial
from html import escape

import streamlit as st

from mnist_core.runs.shelf import KEPT_SECONDS
from mnist_core.training.recipes import in_few_words
from ui.choices import EXPERIMENTS
from ui.experiments.runs import kept
from ui.experiments.runs.chosen import choose
from ui.experiments.runs.lines import SORTS
from ui.experiments.runs.names import named, shown_name

DAYS = int(KEPT_SECONDS // 86_400)
FILE, FILE_PROBLEM = EXPERIMENTS.key("runs_file"), EXPERIMENTS.key("runs_file_problem")
LEFT = EXPERIMENTS.key("runs_left")
MOST_NAMED = 5  # entries of a ZIP that were left alone


def sort_and_doors(*, with_sort: bool) -> str:
    """One row; how the list is sorted."""
    first = next(iter(SORTS))
    with st.container(horizontal=True, vertical_alignment="center"):
        sort = EXPERIMENTS.said("sort", first, SORTS) if with_sort else first
        if with_sort:
            st.segmented_control(
                "Sort by",
                list(SORTS),
                required=True,
                label_visibility="collapsed",
                format_func={
                    "newest": "Newest first",
                    "best accuracy": "Best first",
                    "name": "By name",
                }.__getitem__,
                key=EXPERIMENTS.key("sort"),
                persist_state="session",
            )
        _bring_in()
        _deleted()
    return sort


def bring_back(ids: list[str]) -> None:
    """Restore deleted runs, and choose them."""
    kept.attempt(partial(kept.restore, ids))
    if not kept.problem():
        choose(ids)


def _bring_in() -> None:
    with st.popover(
        "Bring a run in", icon=":material/upload_file:", key=EXPERIMENTS.key("runs_bring_in")
    ):
        st.file_uploader(
            "The ZIP of a run that was downloaded here, or exported on the command line",
            type=["zip"],
            max_upload_size=kept.MAX_ZIP_BYTES >> 20,
            key=FILE,
            on_change=lambda: kept.attempt(_take_in, FILE_PROBLEM),
        )
        if problem := kept.problem(FILE_PROBLEM):
            st.html(f'<p class="changing" role="alert">{escape(problem)}</p>')
        if left := st.session_state.get(LEFT, ()):
            st.html(f'<p class="changing small">{_left_alone(left)}</p>')


def _take_in() -> None:
    """Take in the file that was chosen, and choose the run."""
    file = st.session_state[FILE]
    st.session_state[LEFT] = ()
    if file is None:  # taken out of the widget again
        return
    if file.size > kept.MAX_ZIP_BYTES:
        most = kept.MAX_ZIP_BYTES >> 20
        raise ValueError(f"the file is larger than {most} MB: take it in by `runs import`")
    row, st.session_state[LEFT] = kept.bring_in(file.getvalue())
    choose([row.id])


def _left_alone(names: tuple[str, ...]) -> str:
    some = ", ".join(named(name) for name in names[:MOST_NAMED])
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"Left alone, as it is no part of a run: {some}{more}."


def _deleted() -> None:
    """A closed list; it is read when it is opened."""
    popover = st.popover(
        "Deleted runs",
        icon=":material/delete:",
        key=EXPERIMENTS.key("runs_deleted_list"),
        on_change="rerun",
    )
    if not popover.open:
        return
    with popover:
        st.caption(f"A deleted run can be restored for {DAYS} days.")
        rows = kept.deleted()
        if not rows:
            st.write("There is none.")
        for row in rows:
            name = row.name or in_few_words(row.config)
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Restore",
                    key=EXPERIMENTS.key(f"runs_restore_{row.id}"),
                    on_click=bring_back,
                    args=([row.id],),
                    help=None,
                )
                st.html(f"<span title='{escape(shown_name(name))}'>{named(name)}</span>")
