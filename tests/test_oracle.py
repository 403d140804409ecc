"""The chapters' numbers against those of R.

Stored results stand in ``tests/oracle``. Where R is installed, and wherever CI is set, the scripts
run afresh and must give the stored results again. Without R and without CI there is nothing to run:
the head of the test run says so, and the stored results are still compared with the chapters.
"""

import importlib.util
import json
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from chapters import ROOT, chapters, namespace

ORACLE = ROOT / "tests" / "oracle"
SCRIPTS = sorted(path.stem for path in ORACLE.glob("*.R") if path.stem != "run")


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


def numbers_of(name: str) -> ModuleType:
    """The module beside a chapter's script that arranges its numbers as R's list is."""
    spec = importlib.util.spec_from_file_location(f"oracle_{name}", ORACLE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@lru_cache
def in_the_chapter(name: str) -> dict[str, Any]:
    return leaves(numbers_of(name).numbers())


def test_every_chapter_has_its_script_and_every_script_its_results():
    names = {chapter.rpartition("/")[2] for chapter in chapters()}
    assert set(SCRIPTS) == names == {path.stem for path in ORACLE.glob("*.py")}
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
        first, below = numbers_of("overall_survival").stretch_at_half(curve)
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
