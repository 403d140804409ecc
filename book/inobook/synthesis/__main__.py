"""Write the synthetic cohorts anew: ``python -m inobook.synthesis``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from inobook.cohorts import (
    LAYOUT_1010,
    LAYOUT_1022,
    LAYOUT_ALTERNATIVES,
    load_1010,
    load_1022,
    load_alternatives,
)
from inobook.paths import data_folder
from inobook.synthesis.annealing import OutOfReachError
from inobook.synthesis.patients import CountsOutOfReachError
from inobook.synthesis.seeds import (
    ALTERNATIVE_SEEDS,
    PH_NEGATIVE_SEED,
    PH_POSITIVE_SEED,
    STUDY_1010_SEED,
)
from inobook.synthesis.trials import Report, ph_positive_trial, trial_1010, whole_trial

FAILURES = (OutOfReachError, CountsOutOfReachError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the arguments after the program's name; by default those of the process.

    Returns:
        0 if every file was written (or the search ended), 1 if a seed did not reach the targets.
    """
    options = _parser().parse_args(arguments)
    if options.search:
        _search(options.search, options.start)
        return 0
    folder = Path(options.output) if options.output else data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    tasks = _tasks(options.only)
    with tqdm(total=sum(steps for steps, _ in tasks.values()), unit="cohort") as bar:
        for file_name, (_, write) in tasks.items():
            try:
                write(folder / file_name, bar)
            except FAILURES as error:
                bar.close()
                print(
                    f"{file_name} was not written: a recorded seed misses a target ({error}). "
                    f"With other versions of numpy other seeds may be needed: --search finds them.",
                    file=sys.stderr,
                )
                return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m inobook.synthesis",
        description="Generate the synthetic cohorts of the book. No real patient is in them.",
    )
    parser.add_argument(
        "--output", metavar="FOLDER", help="folder to write to (default: the book's data folder)"
    )
    parser.add_argument(
        "--only",
        choices=("1010", "1022", "alternatives"),
        help="write one file only (default: all three)",
    )
    parser.add_argument(
        "--search",
        choices=("ph-positive", "whole-trial"),
        help="write nothing; try seeds one after the other until stopped, and tell which succeed",
    )
    parser.add_argument(
        "--start", type=int, default=1, metavar="SEED", help="first seed of the search (default: 1)"
    )
    return parser


def _tasks(only: str | None) -> dict[str, tuple[int, Callable[[Path, tqdm], None]]]:
    """Return for each file the number of cohorts in it and what writes it."""
    tasks = {
        "1010": (LAYOUT_1010.file_name, 1, _write_1010),
        "1022": (LAYOUT_1022.file_name, 1, _write_1022),
        "alternatives": (
            LAYOUT_ALTERNATIVES.file_name,
            len(ALTERNATIVE_SEEDS),
            _write_alternatives,
        ),
    }
    chosen = [only] if only else list(tasks)
    return {tasks[name][0]: tasks[name][1:] for name in chosen}


def _write_1010(path: Path, bar: tqdm) -> None:
    bar.set_description("study 1010")
    _write(trial_1010(STUDY_1010_SEED), path, load_1010)
    bar.update()


def _write_1022(path: Path, bar: tqdm) -> None:
    bar.set_description("study 1022")
    _write(whole_trial(PH_POSITIVE_SEED, PH_NEGATIVE_SEED, _told_by(bar)), path, load_1022)
    bar.update()


def _write_alternatives(path: Path, bar: tqdm) -> None:
    cohorts = []
    for number, seed in enumerate(ALTERNATIVE_SEEDS, start=1):
        bar.set_description(f"alternative {number}")
        cohort = ph_positive_trial(seed, _told_by(bar))
        cohort.insert(0, "cohort", number)
        cohorts.append(cohort)
        bar.update()
    _write(pd.concat(cohorts, ignore_index=True), path, load_alternatives)


def _told_by(bar: tqdm) -> Report:
    def tell(steps: int, loss: float) -> None:
        bar.set_postfix(steps=steps, loss=f"{loss:.2f}")

    return tell


def _write(cohort: pd.DataFrame, path: Path, load: Callable[[Path], pd.DataFrame]) -> None:
    """Write a cohort beside its place, check it as a reader would, then put it in its place."""
    unchecked = path.with_name(path.name + ".part")
    cohort.to_csv(unchecked, index=False, lineterminator="\n")
    load(unchecked)
    unchecked.replace(path)


def _search(what: str, start: int) -> None:
    for seed in count(start):
        try:
            if what == "ph-positive":
                ph_positive_trial(seed)
            else:
                whole_trial(PH_POSITIVE_SEED, seed)
        except FAILURES as error:
            print(f"seed {seed}: {error}", flush=True)
        else:
            print(f"seed {seed}: every target reached", flush=True)


if __name__ == "__main__":
    sys.exit(main())
