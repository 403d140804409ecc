"""Open JupyterLab on a copy of the chapters, so that no edit touches the book itself.

JupyterLab saves by itself, and saving a chapter rewrites its header. Readers therefore work on
``_build/lab/book``. A chapter that the reader has not changed follows the original; a changed one
is never overwritten.

Run it with ``python -m inobook.workbench``; further arguments go to JupyterLab.
"""

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
RECORD = ".originals.json"
NOT_FOR_READERS = {"inobook", "_ext", "_templates", "__pycache__", ".ipynb_checkpoints"}
NOTEBOOK_TYPES = ("markdown", "myst")


@dataclass
class Refreshed:
    """What `refresh` did, as paths relative to the book's folder.

    Attributes:
        copied: files new to the workbench, or unchanged by the reader and renewed.
        kept: files that the reader has changed and whose original is as it was.
        behind: files that the reader has changed while the original changed too.
    """

    copied: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)


def refresh(book: Path, workbench: Path) -> Refreshed:
    """Bring the reader's copy of the book up to date without overwriting the reader's work.

    Args:
        book: folder with the original chapters.
        workbench: folder of the copies; made if it is not there.

    Returns:
        The files copied, kept and left behind.

    Raises:
        FileNotFoundError: `book` holds no chapter.
        ValueError: the record of earlier copies in `workbench` cannot be read.
    """
    record = _read_record(workbench / RECORD)
    refreshed = Refreshed()
    for original in _files_for_readers(book):
        name = original.relative_to(book).as_posix()
        copy = workbench / name
        digest = _digest(original)
        if not copy.exists() or _digest(copy) == record.get(name):
            if not copy.exists() or record[name] != digest:
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(original, copy)
                refreshed.copied.append(name)
            record[name] = digest
        elif _digest(copy) == digest:
            record[name] = digest
        elif record.get(name) == digest:
            refreshed.kept.append(name)
        else:
            refreshed.behind.append(name)
    if not record and not refreshed.behind:
        raise FileNotFoundError(f"{book} holds no chapter to copy.")
    workbench.mkdir(parents=True, exist_ok=True)
    (workbench / RECORD).write_text(json.dumps(record, indent=1, sort_keys=True), "utf-8")
    return refreshed


def open_chapters_as_notebooks(environment: Path) -> Path:
    """Let JupyterLab of this environment open Markdown chapters as notebooks.

    The setting is written inside `environment`; the reader's own Jupyter settings stay as they are.

    Args:
        environment: prefix of the Python environment, as in `sys.prefix`.

    Returns:
        The settings file.
    """
    from jupytext_config.labconfig import LabConfig

    settings = environment / "etc" / "jupyter" / "labconfig" / "default_setting_overrides.json"
    LabConfig(settings_file=settings).read().set_default_viewers(NOTEBOOK_TYPES).write()
    return settings


def _files_for_readers(book: Path) -> Iterator[Path]:
    for path in sorted(book.rglob("*")):
        parts = path.relative_to(book).parts
        hidden = any(part in NOT_FOR_READERS or part.endswith(".egg-info") for part in parts)
        if path.is_file() and not hidden:
            yield path


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _read_record(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(
            f"{path} is not valid JSON ({error}). Delete that file: your chapters stay, and those "
            "that differ from the originals count as changed by you."
        ) from error
    if not isinstance(record, dict):
        raise ValueError(f"{path} must hold a JSON object of file names. Delete that file.")
    return record


def _report(refreshed: Refreshed, workbench: Path) -> None:
    print(f"Your copies of the chapters are in {workbench}")
    if refreshed.copied:
        print(f"  {len(refreshed.copied)} files copied from the book")
    for name in refreshed.kept:
        print(f"  {name}: changed by you, kept")
    for name in refreshed.behind:
        print(f"  {name}: changed by you, kept; the book has a newer one (delete yours to get it)")


def main(arguments: list[str]) -> None:
    """Prepare the copies and run JupyterLab on them until it is shut down.

    Args:
        arguments: passed on to JupyterLab, for example ``--no-browser``.

    Raises:
        FileNotFoundError: the package is not installed from a checkout of the book.
    """
    book = CHECKOUT / "book"
    if not (book / "index.md").is_file():
        raise FileNotFoundError(
            f"{book / 'index.md'} does not exist. "
            "Install the book from a checkout: pip install -r requirements.txt"
        )
    lab_folder = CHECKOUT / "_build" / "lab"
    _report(refresh(book, lab_folder / "book"), lab_folder / "book")
    open_chapters_as_notebooks(Path(sys.prefix))

    from jupyterlab.labapp import LabApp

    LabApp.launch_instance(
        [
            f"--ServerApp.root_dir={lab_folder}",
            "--LabApp.default_url=/lab/tree/book",
            *arguments,
        ]
    )


if __name__ == "__main__":
    main(sys.argv[1:])
