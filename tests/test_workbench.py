"""The reader's copies: new chapters arrive, the reader's changes stay."""

import json
import tomllib
from pathlib import Path

import jupytext
import pytest
from inobook import workbench


@pytest.fixture
def book(tmp_path) -> Path:
    folder = tmp_path / "book"
    for name in (
        "index.md",
        "endpoints/response.md",
        "_static/curve.png",
        "inobook/paths.py",
        "_ext/mathml.py",
        "inobook.egg-info/PKG-INFO",
        "endpoints/.ipynb_checkpoints/response.md",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"first {name}", encoding="utf-8")
    return folder


@pytest.fixture
def copies(tmp_path) -> Path:
    return tmp_path / "lab" / "book"


def test_chapters_and_images_are_copied_and_code_is_not(book, copies):
    refreshed = workbench.refresh(book, copies)
    assert refreshed.copied == ["_static/curve.png", "endpoints/response.md", "index.md"]
    there = {p.relative_to(copies).as_posix() for p in copies.rglob("*") if p.is_file()}
    assert there == {*refreshed.copied, workbench.RECORD}
    assert (copies / "index.md").read_text() == "first index.md"


def test_second_time_copies_nothing(book, copies):
    workbench.refresh(book, copies)
    assert workbench.refresh(book, copies) == workbench.Refreshed()


def test_unchanged_copy_follows_the_book(book, copies):
    workbench.refresh(book, copies)
    (book / "index.md").write_text("second")
    assert workbench.refresh(book, copies).copied == ["index.md"]
    assert (copies / "index.md").read_text() == "second"


def test_changed_copy_is_kept(book, copies):
    workbench.refresh(book, copies)
    (copies / "index.md").write_text("mine")
    assert workbench.refresh(book, copies).kept == ["index.md"]
    assert (copies / "index.md").read_text() == "mine"


def test_changed_copy_behind_the_book_is_kept_and_named_every_time(book, copies):
    workbench.refresh(book, copies)
    (copies / "index.md").write_text("mine")
    (book / "index.md").write_text("second")
    for _ in range(2):
        refreshed = workbench.refresh(book, copies)
        assert (refreshed.kept, refreshed.behind) == ([], ["index.md"])
    assert (copies / "index.md").read_text() == "mine"


def test_deleted_copy_comes_back_as_the_book_has_it(book, copies):
    workbench.refresh(book, copies)
    (copies / "index.md").unlink()
    assert workbench.refresh(book, copies).copied == ["index.md"]


def test_copy_made_equal_again_is_followed_again(book, copies):
    workbench.refresh(book, copies)
    (copies / "index.md").write_text("second")
    (book / "index.md").write_text("second")
    assert workbench.refresh(book, copies) == workbench.Refreshed()
    (book / "index.md").write_text("third")
    assert workbench.refresh(book, copies).copied == ["index.md"]


@pytest.mark.parametrize("content", ["{broken", "[]"])
def test_unreadable_record_is_named_and_nothing_is_overwritten(book, copies, content):
    workbench.refresh(book, copies)
    (copies / "index.md").write_text("mine")
    (copies / workbench.RECORD).write_text(content)
    with pytest.raises(ValueError, match=workbench.RECORD):
        workbench.refresh(book, copies)
    assert (copies / "index.md").read_text() == "mine"


def test_lost_record_loses_no_work(book, copies):
    workbench.refresh(book, copies)
    (copies / "index.md").write_text("mine")
    (copies / workbench.RECORD).unlink()
    assert workbench.refresh(book, copies).behind == ["index.md"]
    assert (copies / "index.md").read_text() == "mine"


def test_folder_without_chapters_is_an_error(tmp_path, copies):
    with pytest.raises(FileNotFoundError, match="holds no chapter"):
        workbench.refresh(tmp_path / "nothing", copies)


def test_viewer_is_set_in_the_environment_and_other_settings_stay(tmp_path):
    settings = workbench.open_chapters_as_notebooks(tmp_path)
    assert settings.is_relative_to(tmp_path)
    stored = json.loads(settings.read_text())
    stored["other-plugin"] = {"kept": True}
    settings.write_text(json.dumps(stored))
    workbench.open_chapters_as_notebooks(tmp_path)
    stored = json.loads(settings.read_text())
    viewers = stored["@jupyterlab/docmanager-extension:plugin"]["defaultViewers"]
    assert viewers == {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}
    assert stored["other-plugin"] == {"kept": True}


def test_every_page_of_the_book_opens_in_jupyterlab():
    """A page without a header and with ``:::`` passes for Pandoc's Markdown, which needs pandoc."""
    book = workbench.CHECKOUT / "book"
    with (book / "jupytext.toml").open("rb") as settings:
        assert tomllib.load(settings)["preferred_jupytext_formats_read"] == "md:myst"
    pages = sorted(book.rglob("*.md"))
    assert pages
    for page in pages:
        text = page.read_text("utf-8")
        header = jupytext.reads(text, "md:myst").metadata.get("jupytext", {})
        stated = header.get("text_representation", {}).get("format_name", "myst")
        assert stated == "myst", page


def test_main_needs_a_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(workbench, "CHECKOUT", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"index\.md does not exist"):
        workbench.main([])
