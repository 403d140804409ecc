"""The chapters: each keeps the contract of a chapter, and every state of its explorers is drawn.

What the explorers' sentences say is checked in ``tests/sentences``, one file a chapter.
"""

import re
from collections import Counter

import chapters
import pytest
from inobook import figures
from nbformat import NotebookNode
from states import in_the_page, states_unlike_a_fresh_call

CHAPTERS = chapters.chapters()
SENTENCES = chapters.ROOT / "tests" / "sentences"
FEWEST_WORDS, MOST_WORDS = 2000, 4800
MOST_LINES = 8
HEADINGS = (
    "What the paper says",
    "Reported against recomputed",
    "What it means, and what it does not",
    "Take away",
    "Check yourself",
    "Exercises",
    "In R",
)

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS)


# --- the contract of a chapter -----------------------------------------------------------


def test_the_chapters_of_the_first_edition_are_there():
    assert {"endpoints/response", "endpoints/overall_survival"} <= set(CHAPTERS)


@each_chapter
def test_every_cell_runs_and_the_agreement_table_agrees(chapter):
    assert chapters.namespace(chapter)


@each_chapter
def test_length_is_that_of_a_chapter(chapter, record_property):
    words = chapters.words_of_prose(chapter)
    record_property("words", words)
    assert FEWEST_WORDS <= words <= MOST_WORDS


@each_chapter
def test_title_is_a_question_and_the_parts_come_in_order(chapter):
    text = chapters.source(chapter)
    title = re.search(r"^# (.+)$", text, re.MULTILINE)[1]
    assert title.endswith("?")
    found = [re.search(rf"^## {re.escape(name)}$", text, re.MULTILINE) for name in HEADINGS]
    missing = [name for name, place in zip(HEADINGS, found, strict=True) if place is None]
    assert missing == []
    assert [place.start() for place in found] == sorted(place.start() for place in found)


@each_chapter
def test_chapter_has_its_boxes(chapter):
    classes = Counter(re.findall(r"^:class: ([\w-]+)$", chapters.source(chapter), re.MULTILINE))
    wanted = {"at-the-start": 1, "clinician": 1, "statistician": 1, "take-away": 1}
    assert {name: classes[name] for name in wanted} == wanted
    assert classes["likely-mistake"] >= 1


@each_chapter
def test_every_exercise_has_its_solution(chapter):
    text = chapters.source(chapter)
    asked = re.findall(r"\{exercise-start\}\n:label: ([\w-]+)", text)
    solved = re.findall(r"\{solution-start\} ([\w-]+)", text)
    assert asked == solved
    assert 3 <= len(asked) <= 5


@each_chapter
def test_visible_cells_are_short(chapter):
    """A visible cell has at most eight lines of code; blank lines do not count."""
    long = {
        cell.source.splitlines()[0]: lines
        for cell in chapters.cells(chapter)
        if cell.cell_type == "code"
        and not chapters.tags(cell)
        and (lines := sum(bool(line.strip()) for line in cell.source.splitlines())) > MOST_LINES
    }
    assert long == {}


@each_chapter
def test_a_sentence_stands_between_two_cells(chapter):
    """Two cells may follow each other only if the reader sees no gap in the telling.

    That is so if one of them hides its code, or if the second one asserts what the first one
    computed. Cells that are removed from the page do not count as cells.
    """
    unexplained = [
        second.source.splitlines()[0]
        for first, second in chapters.visible_pairs(chapter)
        if "hide-input" not in chapters.tags(first) | chapters.tags(second) and not asserts(second)
    ]
    assert unexplained == []


def asserts(cell: NotebookNode) -> bool:
    return any(line.startswith("assert ") for line in cell.source.splitlines())


def test_a_gap_in_the_telling_would_be_found(monkeypatch):
    def cell(kind: str, source: str, *tags: str) -> NotebookNode:
        return NotebookNode(cell_type=kind, source=source, metadata={"tags": list(tags)})

    told = (
        cell("code", "a = 1"),
        cell("code", "glue('a', a)", "remove-cell"),
        cell("code", "b = 2"),
        cell("code", "assert b == 2"),
        cell("markdown", "A sentence."),
        cell("code", "c = 3"),
    )
    monkeypatch.setattr(chapters, "cells", lambda _: told)
    pairs = [(first.source, second.source) for first, second in chapters.visible_pairs("any")]
    assert pairs == [("a = 1", "b = 2"), ("b = 2", "assert b == 2")]
    with pytest.raises(AssertionError, match="b = 2"):
        test_a_sentence_stands_between_two_cells("any")


@each_chapter
def test_every_caption_says_where_its_numbers_come_from(chapter):
    figured = [
        cell.metadata["mystnb"]["figure"]["caption"]
        for cell in chapters.cells(chapter)
        if "figure" in cell.metadata.get("mystnb", {})
    ]
    assert figured
    provenance = re.compile(r"reported|synthetic patients|simulat|computed from", re.IGNORECASE)
    assert [caption for caption in figured if not provenance.search(caption)] == []


@each_chapter
def test_a_question_comes_before_each_explorer_and_a_ledger_after_it(chapter):
    seen = [cell for cell in chapters.cells(chapter) if "remove-cell" not in chapters.tags(cell)]
    places = [
        place
        for place, cell in enumerate(seen)
        if cell.cell_type == "code" and "@explore(" in cell.source
    ]
    assert len(places) == len(chapters.explorers(chapter)) >= 1
    prose = [cell.source if cell.cell_type == "markdown" else "" for cell in seen]
    for place in places:
        before = prose[: place + 1]
        section = "\n".join(
            before[max(i for i, text in enumerate(before) if "## Move it" in text) :]
        )
        assert "Predict first" in section and "?" in section
        assert "What changes" in prose[place + 1]


def test_every_chapter_has_a_file_that_checks_its_sentences():
    files = {path.stem.removeprefix("test_") for path in SENTENCES.glob("test_*.py")}
    assert files == {chapter.rpartition("/")[2] for chapter in CHAPTERS}


# --- the explorers -----------------------------------------------------------------------


def all_explorers() -> list[tuple[str, str]]:
    """Chapter and name of every explorer, read from the text so that collecting is quick."""
    return [
        (chapter, name.replace("_", "-"))
        for chapter in CHAPTERS
        for name in re.findall(
            r"@explore\(.*?^\)\ndef (\w+)\(", chapters.source(chapter), re.S | re.M
        )
    ]


each_explorer = pytest.mark.parametrize(("chapter", "name"), all_explorers())


@each_explorer
def test_every_state_is_drawn_and_is_what_a_fresh_call_gives(chapter, name):
    explorer, packed = in_the_page(chapter, name)
    assert packed.count == len(list(explorer.states()))
    assert states_unlike_a_fresh_call(explorer, packed) == []


@each_explorer
def test_no_sentence_stands_for_two_pictures(chapter, name):
    """The sentence is the picture's text alternative: another picture needs other words."""
    _, packed = in_the_page(chapter, name)
    by_sentence: dict[str, set[str]] = {}
    for svg, sentence in zip(packed.svgs, packed.sentences, strict=True):
        by_sentence.setdefault(sentence, set()).add(svg)
    assert [words for words, svgs in by_sentence.items() if len(svgs) > 1] == []


@each_explorer
def test_every_step_of_every_control_is_felt_somewhere(chapter, name):
    """From each value of a control to the next, the sentence changes in at least one setting.

    It need not change in all: a patient who is watched for four months does nothing to the curve
    before that, and two shares of five patients can round to the same count.
    """
    explorer, packed = in_the_page(chapter, name)
    states = list(explorer.states())
    said = {tuple(state.values()): packed.sentences[i] for i, state in enumerate(states)}
    silent = []
    for place, control in enumerate(explorer.controls.values()):
        for low, high in zip(control.values, control.values[1:], strict=False):
            pairs = [
                (sentence, said[*state[:place], high, *state[place + 1 :]])
                for state, sentence in said.items()
                if state[place] == low
            ]
            if all(first == second for first, second in pairs):
                silent.append((control.label, low, high))
    assert silent == []


@each_explorer
def test_every_picture_is_marked_with_its_provenance(chapter, name):
    _, packed = in_the_page(chapter, name)
    marks = [mark.upper() for mark in figures.PROVENANCES]
    assert all(any(f">{mark}<" in svg for mark in marks) for svg in packed.svgs)
