"""The chapters' numbers against those of R.

Stored results stand in ``tests/oracle``. Where R is installed, and wherever CI is set, the scripts
run afresh and must give the stored results again. Without R and without CI there is nothing to run:
the head of the test run says so, and the stored results are still compared with the chapters.
"""

import json
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chapters import ROOT, chapters, namespace
from lifelines import KaplanMeierFitter

ORACLE = ROOT / "tests" / "oracle"
SCRIPTS = sorted(path.stem for path in ORACLE.glob("*.R") if path.stem != "run")
MONTH = 30.4375


def stored(name: str) -> dict[str, Any]:
    return json.loads((ORACLE / f"{name}.json").read_text(encoding="utf-8"))


def leaves(tree: Any, path: str = "") -> dict[str, Any]:
    """Every number of nested lists and dictionaries, by its path."""
    if isinstance(tree, dict):
        branches = tree.items()
    elif isinstance(tree, list):
        branches = enumerate(tree)
    else:
        return {path: tree}
    return {
        name: leaf for key, each in branches for name, leaf in leaves(each, f"{path}/{key}").items()
    }


def of_response() -> dict[str, Any]:
    """What the chapter on response computed, arranged as R's list is."""
    chapter = namespace("endpoints/response")
    exact = chapter["exact"] / 100
    first = {name: chapter["first_exact"][name] / 100 for name in ("ino", "sc")}
    intervals = chapter["intervals"]
    return {
        "exact": {
            "ino": list(exact.loc["InO 16/22"]),
            "sc": list(exact.loc["SC 15/27"]),
            "study1010": list(exact.loc["1010 InO 9/16"]),
            "first_ino": list(first["ino"]),
            "first_sc": list(first["sc"]),
        },
        "wilson": {
            "ino": list(intervals(16, 22).loc["Wilson"] / 100),
            "sc": list(intervals(15, 27).loc["Wilson"] / 100),
        },
        "newcombe": [chapter["difference_low"], chapter["difference_high"]],
        "fisher": {"remissions": chapter["fisher"], "mrd_negative": chapter["mrd_test"]},
    }


def stretch_at_half(curve: KaplanMeierFitter) -> tuple[float, float]:
    """Months at which a curve first reaches one half and at which it falls below it.

    They differ only if the curve stands at one half exactly, up to floating point.
    """
    alive = curve.survival_function_.iloc[:, 0]
    return alive.index[alive <= 0.5 + 1e-9][0] / MONTH, alive.index[alive < 0.5 - 1e-9][0] / MONTH


def middle_of_half(curve: KaplanMeierFitter) -> float:
    """The median as R gives it; the chapter's convention is the first of the two moments."""
    return sum(stretch_at_half(curve)) / 2


def of_overall_survival() -> dict[str, Any]:
    """What the chapter on overall survival computed, arranged as R's list is."""
    chapter = namespace("endpoints/overall_survival")
    lower, upper = chapter["three"].loc["log-log"]
    curves = {
        arm.lower(): KaplanMeierFitter().fit(patients.os_days, patients.os_event)
        for arm, patients in chapter["cohort"].groupby("arm")
    }
    return {
        "eight": {
            "alive": list(chapter["deaths"].alive),
            "standard_error": chapter["standard_error"],
            "lower": lower,
            "upper": upper,
            "logrank": chapter["chi_square"],
        },
        "medians": {arm.lower(): middle_of_half(curve) for arm, curve in chapter["curves"].items()},
        "limits": {arm.lower(): list(chapter["limits"][arm]) for arm in ("InO", "SC")},
        "logrank": chapter["comparison"].test_statistic,
        "whole": {arm: middle_of_half(curve) for arm, curve in curves.items()},
    }


COMPUTED = {"response": of_response, "overall_survival": of_overall_survival}


@lru_cache
def in_the_chapter(name: str) -> dict[str, Any]:
    return leaves(COMPUTED[name]())


def test_every_chapter_has_its_script_and_every_script_its_results():
    assert set(SCRIPTS) == {chapter.rpartition("/")[2] for chapter in chapters()} == set(COMPUTED)
    for name in SCRIPTS:
        assert (ORACLE / f"{name}.out").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name in SCRIPTS for number in leaves(stored(name))]
)
def test_chapter_and_r_agree(name, number):
    by_r, by_chapter = leaves(stored(name))[number], in_the_chapter(name)[number]
    if by_r in ("NA", "Inf", None):
        assert np.isinf(by_chapter)
    else:
        assert by_chapter == pytest.approx(by_r, abs=1e-6, rel=0)


def test_chapter_takes_the_first_moment_at_which_a_curve_reaches_one_half():
    """The named difference between the chapter and R: both round to the published median."""
    chapter = namespace("endpoints/overall_survival")
    for arm, curve in chapter["curves"].items():
        first, below = stretch_at_half(curve)
        assert chapter["medians"][arm] == pytest.approx(first, abs=1e-9)
        assert stored("overall_survival")["medians"][arm.lower()] == pytest.approx(
            (first + below) / 2, abs=1e-6
        )


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_chapter_has_no_number_that_r_was_not_asked_for(name):
    assert set(in_the_chapter(name)) == set(leaves(stored(name)))


if shutil.which("Rscript") or os.environ.get("CI"):

    @pytest.fixture(scope="module")
    def afresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
        """A folder with the results of running all scripts now."""
        rscript = shutil.which("Rscript")
        if rscript is None:
            pytest.fail("CI is set and Rscript is not on PATH: the scripts cannot be run afresh.")
        folder = tmp_path_factory.mktemp("oracle")
        command = [rscript, "tests/oracle/run.R", str(folder)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stderr
        return folder

    @pytest.mark.parametrize("name", SCRIPTS)
    def test_r_gives_the_stored_numbers_again(name, afresh):
        fresh = leaves(json.loads((afresh / f"{name}.json").read_text(encoding="utf-8")))
        assert fresh == pytest.approx(leaves(stored(name)), abs=1e-9, rel=1e-9)

    @pytest.mark.parametrize("name", SCRIPTS)
    def test_r_prints_the_stored_output_again(name, afresh):
        """The chapter shows the printed output, so it must be what R prints."""
        fresh = (afresh / f"{name}.out").read_text(encoding="utf-8")
        assert fresh == (ORACLE / f"{name}.out").read_text(encoding="utf-8")
