"""Where the book's data stand."""

import os
from pathlib import Path

DATA_VARIABLE = "INOBOOK_DATA"


def data_folder() -> Path:
    """Return the folder with the book's data files.

    It is the folder that the environment variable INOBOOK_DATA names, else ``data/`` beside
    ``book/`` in the checkout that this package was installed from.

    Raises:
        FileNotFoundError: the folder does not exist; the message says what to set.
    """
    named = os.environ.get(DATA_VARIABLE)
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "data"
    if not folder.is_dir():
        raise FileNotFoundError(
            f"The book's data folder {folder} does not exist. "
            f"Set {DATA_VARIABLE} to the folder that holds published_results.csv."
        )
    return folder
