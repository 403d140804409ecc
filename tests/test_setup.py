"""What a reader, Binder and continuous integration install and run."""

import ast
import functools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata, util
from pathlib import Path

import jupytext
import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
READING = ROOT / "requirements.txt"
TESTING = ROOT / "tests" / "requirements.txt"
LOCK = ROOT / "constraints.txt"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PYTHONS = {"3.11": "3.11.0", "3.12": "3.12.0", "3.13": "3.13.0"}
SYSTEMS = {
    "linux": {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
    "darwin": {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"},
    "win32": {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
}


def stated(path: Path) -> list[Requirement]:
    """The requirements of a file, without its options (-c, -r, -e) and comments."""
    lines = (line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def options(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if line.startswith("-")]


def exact_version(requirement: Requirement) -> str | None:
    """The version that `requirement` pins with ==, or None if it leaves room."""
    specifiers = list(requirement.specifier)
    if len(specifiers) != 1 or specifiers[0].operator != "==" or "*" in specifiers[0].version:
        return None
    return specifiers[0].version


def name_of(requirement: Requirement) -> str:
    return canonicalize_name(requirement.name)


def locked(environment: dict[str, str]) -> dict[str, str | None]:
    """Version by package name where the lock's markers hold; a doubled name is an error."""
    versions: dict[str, str | None] = {}
    for line in stated(LOCK):
        if line.marker is None or line.marker.evaluate(environment):
            assert name_of(line) not in versions, f"constraints.txt locks {line.name} twice"
            versions[name_of(line)] = exact_version(line)
    return versions


# --- requirements and lock -----------------------------------------------------------


@pytest.mark.parametrize("path", [READING, TESTING, LOCK], ids=lambda path: path.name)
def test_every_line_is_pinned_exactly(path):
    requirements = stated(path)
    assert len(requirements) > 5
    assert [str(line) for line in requirements if exact_version(line) is None] == []


def test_no_requirement_is_stated_twice():
    names = [name_of(line) for line in stated(READING) + stated(TESTING)]
    assert sorted(names) == sorted(set(names))


def test_files_are_chained_as_pip_and_binder_need_them():
    assert options(READING) == ["-c constraints.txt", "-e ."]
    assert options(TESTING) == ["-c ../constraints.txt", "-r ../requirements.txt"]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_lock_holds_every_requirement_on_every_python_and_system(python, system):
    environment = default_environment() | SYSTEMS[system]
    environment |= {"python_version": python, "python_full_version": PYTHONS[python]}
    versions = locked(environment)
    pinned = {name_of(line): exact_version(line) for line in stated(READING) + stated(TESTING)}
    assert pinned.items() <= versions.items()


def test_windows_gets_its_own_packages_and_is_spared_the_others():
    windows = locked(default_environment() | SYSTEMS["win32"])
    linux = locked(default_environment() | SYSTEMS["linux"])
    assert {"colorama", "pywinpty"} <= windows.keys() - linux.keys()
    assert "pexpect" in linux and "pexpect" not in windows


def installed_closure(requirements: list[Requirement]) -> dict[str, str]:
    """Installed version of each requirement and of all that it needs here."""
    versions: dict[str, str] = {}
    waiting = [(line, {""} | line.extras) for line in requirements]
    asked = set()
    while waiting:
        requirement, extras = waiting.pop()
        name = name_of(requirement)
        if (name, frozenset(extras)) in asked:
            continue
        asked.add((name, frozenset(extras)))
        distribution = metadata.distribution(name)
        versions[name] = distribution.version
        for line in map(Requirement, distribution.requires or []):
            marker = line.marker
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append((line, {""} | line.extras))
    return versions


def test_this_environment_is_the_locked_one():
    versions = installed_closure(stated(READING) + stated(TESTING))
    lock = locked(default_environment())
    differing = {
        name: f"installed {version}, locked {lock.get(name)}"
        for name, version in versions.items()
        if lock.get(name) != version
    }
    assert len(versions) > 100
    assert differing == {}, "run make again, or renew the lock as CONTRIBUTING.md says"


def test_package_metadata_agrees_with_the_pins():
    pinned = {name_of(line): exact_version(line) for line in stated(READING)}
    for line in map(Requirement, PYPROJECT["project"]["dependencies"]):
        assert pinned[name_of(line)] in line.specifier, str(line)


# --- what the code imports -----------------------------------------------------------


def imported(source: str) -> set[str]:
    """Top-level names of the packages that a piece of Python imports, at any depth."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def code_of_chapter(text: str) -> str:
    """The Python of a chapter's code cells, without lines for IPython alone."""
    cells = [
        cell.source for cell in jupytext.reads(text, "md:myst").cells if cell.cell_type == "code"
    ]
    lines = "\n".join(cells).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(("%", "!")))


def third_party(names: set[str], own: set[str]) -> set[str]:
    return names - own - set(sys.stdlib_module_names)


@functools.cache
def providers() -> dict[str, list[str]]:
    """Installed distributions by the import name that they provide."""
    return dict(metadata.packages_distributions())


def not_required(names: set[str], required: set[str]) -> dict[str, list[str]]:
    """Imported names that no required distribution provides, with what would provide them."""
    missing = {}
    for name in names:
        offers = {canonicalize_name(offer) for offer in providers().get(name, [])}
        if not offers & required:
            missing[name] = sorted(offers)
    return missing


def readers_files() -> list[str]:
    """The Python modules and pages of the book, relative to the repository."""
    book = ROOT / "book"
    paths = sorted([*book.rglob("*.py"), *book.rglob("*.md")])
    return [path.relative_to(ROOT).as_posix() for path in paths]


def own_modules(*folders: str) -> set[str]:
    return {"inobook"} | {path.stem for folder in folders for path in (ROOT / folder).glob("*.py")}


@pytest.mark.parametrize("name", readers_files())
def test_book_imports_only_what_readers_install(name):
    text = (ROOT / name).read_text("utf-8")
    source = code_of_chapter(text) if name.endswith(".md") else text
    required = {name_of(line) for line in stated(READING)}
    names = third_party(imported(source), own_modules("book/_ext"))
    assert not_required(names, required) == {}, f"{name}: add to requirements.txt, pinned"


def test_tests_import_only_what_tests_install():
    required = {name_of(line) for line in stated(READING) + stated(TESTING)}
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    names = third_party(imported(sources), own_modules("book/_ext", "tests", "tests/browser"))
    assert "pytest" in names
    assert not_required(names, required) == {}, "add to tests/requirements.txt, pinned"


def test_imports_are_found_in_cells_and_at_any_depth():
    chapter = (
        "---\njupytext:\n  text_representation:\n    format_name: myst\n---\n# Title\n\n"
        "```python\nimport shown_only\n```\n\n"
        "```{code-cell} ipython3\n:tags: [hide-input]\n%matplotlib inline\n"
        "import lifelines.utils as survival\ndef later():\n    from scipy import stats\n```\n"
    )
    assert imported(code_of_chapter(chapter)) == {"lifelines", "scipy"}


def test_missing_requirement_is_noticed():
    assert not_required({"pandas", "nowhere"}, {"numpy"}) == {"pandas": ["pandas"], "nowhere": []}


# --- make ----------------------------------------------------------------------------

FAKE_PYTHON = """#!/bin/sh
# Stands for python{version}; makes an environment whose commands only say that they ran.
case "$*" in
  --version) echo "Python {version}.0" ;;
  *sys.version_info*) exit {unsupported} ;;
  *"import ensurepip"*) exit {without_venv} ;;
  *"-m venv"*)
    mkdir -p .venv/bin
    echo "$PWD/.venv" > .venv/bin/activate
    cp "$0" .venv/bin/python
    printf '#!/bin/sh\\necho building "$@"; exit ${{BUILD_STATUS:-0}}\\n' > .venv/bin/jupyter-book
    chmod +x .venv/bin/jupyter-book
    echo "environment made by $0" ;;
  *"pip install"*) echo "pip $*" ;;
  *summary.py*) echo "summary printed" ;;
esac
"""
SYSTEM_TOOLS = ("sh", "grep", "mkdir", "cp", "chmod", "touch", "find", "rm", "make", "echo")


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A folder with the Makefile and the files that its rules watch."""
    folder = tmp_path / "the book"
    (folder / "tests").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "constraints.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copy(TESTING, folder / "tests" / "requirements.txt")
    (tmp_path / "bin").mkdir()
    for tool in SYSTEM_TOOLS:
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool))
    return folder


def fake_python(checkout, name, version="3.12", *, unsupported=False, without_venv=False):
    path = checkout.parent / "bin" / name
    path.write_text(
        FAKE_PYTHON.format(
            version=version, unsupported=int(unsupported), without_venv=int(without_venv)
        )
    )
    path.chmod(0o755)
    return path


def make(checkout, *arguments, **environment) -> subprocess.CompletedProcess[str]:
    """Run make in `checkout` with nothing on PATH but the system tools and the fakes."""
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={"PATH": str(checkout.parent / "bin")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_every_command(checkout):
    answer = make(checkout)
    for target in ("book", "test", "lab", "data", "clean"):
        assert f"make {target} " in answer.stdout
    assert answer.returncode == 0


def test_make_book_makes_the_environment_builds_and_sums_up(checkout):
    fake_python(checkout, "python3")
    answer = make(checkout, "book")
    assert answer.returncode == 0, answer.stderr
    said = answer.stdout
    steps = ["environment made", "-r requirements.txt", "building build . -W -n --keep-going"]
    places = [said.index(step) for step in [*steps, "summary printed"]]
    assert places == sorted(places)
    assert "tests/requirements.txt" not in said


def test_second_make_book_installs_nothing(checkout):
    fake_python(checkout, "python3")
    make(checkout, "book")
    again = make(checkout, "book").stdout
    assert "pip" not in again
    assert "building" in again


def test_changed_requirements_are_installed_without_a_new_environment(checkout):
    fake_python(checkout, "python3")
    make(checkout, "book")
    stamp = (checkout / ".venv" / ".ready-to-read").stat().st_mtime
    os.utime(checkout / "requirements.txt", (stamp + 10, stamp + 10))
    again = make(checkout, "book").stdout
    assert "-r requirements.txt" in again
    assert "environment made" not in again


def test_failed_build_stops_make_before_the_summary(checkout):
    fake_python(checkout, "python3")
    answer = make(checkout, "book", BUILD_STATUS="2")
    assert answer.returncode != 0
    assert "summary" not in answer.stdout


def test_moved_folder_gets_a_new_environment(checkout):
    fake_python(checkout, "python3")
    make(checkout, "book")
    moved = checkout.rename(checkout.parent / "moved")
    assert "environment made" in make(moved, "book").stdout


def test_older_python_is_passed_over(checkout):
    fake_python(checkout, "python3", "3.10", unsupported=True)
    fake_python(checkout, "python3.12")
    answer = make(checkout, "book")
    assert "Making .venv with Python 3.12.0" in answer.stdout


def test_named_python_is_taken(checkout):
    fake_python(checkout, "python3")
    mine = fake_python(checkout, "mine", "3.13")
    answer = make(checkout, "book", f"PYTHON={mine}")
    assert "Making .venv with Python 3.13.0" in answer.stdout


def test_no_supported_python_is_said_and_stops(checkout):
    fake_python(checkout, "python3", "3.10", unsupported=True)
    answer = make(checkout, "book")
    assert answer.returncode != 0
    assert "no Python 3.11, 3.12 or 3.13 found" in answer.stderr
    assert "building" not in answer.stdout


def test_python_without_venv_is_said_and_stops(checkout):
    fake_python(checkout, "python3", without_venv=True)
    answer = make(checkout, "book")
    assert answer.returncode != 0
    assert "apt install python3-venv" in answer.stderr


def test_clean_keeps_the_environment_and_the_readers_copies(checkout):
    for name in ("_build/html/index.html", "_build/.doctrees/x", "_build/lab/mine.md", ".venv/y"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).touch()
    (checkout / "book" / "__pycache__").mkdir(parents=True)
    answer = make(checkout, "clean")
    assert answer.returncode == 0, answer.stderr
    left = {path.relative_to(checkout).as_posix() for path in (checkout / "_build").rglob("*")}
    assert left == {"_build/lab", "_build/lab/mine.md"}
    assert (checkout / ".venv" / "y").exists()
    assert not (checkout / "book" / "__pycache__").exists()


def test_modules_that_make_runs_can_be_run():
    named = re.findall(r"python -m (inobook[.\w]*)", (ROOT / "Makefile").read_text("utf-8"))
    assert sorted(named) == ["inobook.synthesis", "inobook.workbench"]
    for name in named:
        specification = util.find_spec(name)
        assert specification is not None, name
        if specification.submodule_search_locations is not None:
            assert util.find_spec(f"{name}.__main__") is not None, f"{name} needs a __main__"


# --- continuous integration ----------------------------------------------------------


@pytest.fixture
def integration(tmp_path) -> Path:
    """A copy of .ci/run with fakes for make, apt-get and id that write down their calls."""
    run = tmp_path / "checkout" / ".ci" / "run"
    run.parent.mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", run)
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "env"):
        (tools / tool).symlink_to(shutil.which(tool))
    for name, more in {"make": "exit ${MAKE_STATUS:-0}", "apt-get": "", "id": "echo 0"}.items():
        fake = tools / name
        fake.write_text(f'#!/bin/sh\necho "{name} $* in $PWD" >> "{tmp_path}/calls"\n{more}\n')
        fake.chmod(0o755)
    return run


def calls_of(run: Path, **environment) -> tuple[int, list[str]]:
    folder = run.parents[2]
    answer = subprocess.run(
        [str(run)],
        env={"PATH": str(folder / "bin")} | environment,
        capture_output=True,
        check=False,
    )
    calls = (folder / "calls").read_text().splitlines()
    return answer.returncode, [call for call in calls if not call.startswith("id ")]


def test_ci_runs_make_test_in_the_checkout(integration):
    (integration.parents[2] / "bin" / "Rscript").symlink_to(shutil.which("true"))
    status, calls = calls_of(integration)
    assert (status, calls) == (0, [f"make test in {integration.parents[1]}"])


def test_ci_installs_r_where_it_is_missing(integration):
    status, calls = calls_of(integration)
    assert status == 0
    assert [call.split()[1] for call in calls] == ["update", "install", "test"]
    for package in ("r-base-core", "r-cran-survival", "r-cran-cmprsk", "r-cran-rpact"):
        assert package in calls[1]


def test_ci_fails_when_the_tests_fail(integration):
    (integration.parents[2] / "bin" / "Rscript").symlink_to(shutil.which("true"))
    status, _ = calls_of(integration, MAKE_STATUS="2")
    assert status == 2


# --- Binder, licences, documents ------------------------------------------------------


def test_binder_finds_its_files():
    version = (ROOT / "runtime.txt").read_text().strip().removeprefix("python-")
    assert version in SpecifierSet(PYPROJECT["project"]["requires-python"])
    assert not (ROOT / "binder").exists() and not (ROOT / ".binder").exists()
    assert b"\r" not in (ROOT / "postBuild").read_bytes()


def test_binder_opens_pages_as_notebooks(tmp_path):
    (tmp_path / "python").write_text(
        f'#!/bin/sh\n{{ echo "import sys; sys.prefix = {str(tmp_path)!r}"; cat; }} |'
        f' "{sys.executable}" "$@"\n'
    )
    (tmp_path / "python").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([str(ROOT / "postBuild")], env=os.environ | {"PATH": path}, check=True)
    settings = tmp_path / "etc" / "jupyter" / "labconfig" / "default_setting_overrides.json"
    assert "Jupytext Notebook" in settings.read_text("utf-8")


def test_licences_of_code_and_text_are_there():
    assert "BSD 3-Clause License" in (ROOT / "LICENSE").read_text("utf-8")
    text = (ROOT / "LICENSE-text").read_text("utf-8")
    assert "Creative Commons Attribution 4.0 International Public License" in text
    assert "Section 8" in text
    assert PYPROJECT["project"]["license"] == "BSD-3-Clause"


def test_citation_file_agrees_with_book_and_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    config = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["message"] and citation["authors"]
    assert citation["title"] == config["title"]
    assert citation["version"] == PYPROJECT["project"]["version"]
    assert citation["license"] == ["BSD-3-Clause", "CC-BY-4.0"]
    assert citation["references"][0]["doi"] == "10.1002/cncr.33321"


DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "book/teaching/how_to_run.md")


def test_readme_opens_with_the_picture_and_the_two_commands():
    opening = (ROOT / "README.md").read_text("utf-8").split("# From CD22 to Hazard Ratio")[0]
    assert re.match(r"!\[[^\]]{40,}\]\(docs/explorer\.png\)", opening)
    assert re.findall(r"^make \w+", opening, flags=re.M) == ["make book", "make test"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_only_commands_that_exist(name):
    text = (ROOT / name).read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, flags=re.M))
    assert named and named <= targets


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_to_files_of_the_repository_hold(name):
    path = ROOT / name
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("name", ["README.md", "book/teaching/how_to_run.md"])
def test_safety_line_stands_where_readers_start(name):
    text = " ".join((ROOT / name).read_text("utf-8").split())
    assert "For teaching, never for treating a patient." in text
