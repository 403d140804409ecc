"""The chapters: each keeps the contract of a chapter, and its explorers say what is true.

The sentences are checked by another route than the one that made them: scipy instead of
statsmodels, enumeration and simulation instead of matrices, lifelines instead of a loop, and numpy
instead of lifelines.
"""

import re
from collections import Counter
from functools import cache, lru_cache

import chapters
import numpy as np
import pytest
from inobook import figures
from inobook.explore import Explorer
from lifelines import KaplanMeierFitter
from nbformat import NotebookNode
from pages_html import PackedExplorer
from scipy import stats
from states import packed_states, states_unlike_a_fresh_call

CHAPTERS = chapters.chapters()
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
NUMBER = r"(\d+(?:\.\d+)?)"

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


@lru_cache
def in_the_page(chapter: str, name: str) -> tuple[Explorer, PackedExplorer]:
    explorer = chapters.explorers(chapter)[name]
    return explorer, packed_states(explorer)


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


def states_and_numbers(chapter: str, name: str, pattern: str):
    """Each state of an explorer with the numbers that ``pattern`` finds in its sentence."""
    explorer, packed = in_the_page(chapter, name)
    for state, sentence in zip(explorer.states(), packed.sentences, strict=True):
        found = re.search(pattern, sentence)
        assert found, f"{state}: {sentence}"
        yield state, [float(text) for text in found.groups()]


def test_intervals_are_those_of_scipy_in_every_state():
    pattern = (
        rf"^{NUMBER} of {NUMBER} is {NUMBER}%\. The exact 95% interval runs from {NUMBER}% to "
        rf"{NUMBER}%, {NUMBER} points from end to end; Wilson's from {NUMBER}% to {NUMBER}%; "
        rf"Wald's, cut at 0% and 100%, from {NUMBER}% to {NUMBER}%\.$"
    )
    checked = 0
    for state, said in states_and_numbers("endpoints/response", "interval-by-method", pattern):
        responders, patients = int(said[0]), int(said[1])
        assert patients == state["patients"]
        assert abs(responders - patients * state["observed"] / 100) <= 0.5, state
        test = stats.binomtest(responders, patients)
        exact, wilson = (test.proportion_ci(method=method) for method in ("exact", "wilson"))
        rate = responders / patients
        reach = stats.norm.ppf(0.975) * np.sqrt(rate * (1 - rate) / patients)
        wald = (max(rate - reach, 0), min(rate + reach, 1))
        expected = 100 * np.array([rate, *exact, exact.high - exact.low, *wilson, *wald])
        tolerance = np.array([0.05, 0.05, 0.05, 0.5, 0.05, 0.05, 0.05, 0.05]) + 1e-6
        assert np.all(np.abs(expected - said[2:]) <= tolerance), state
        checked += 1
    assert checked == 9 * 21


@cache
def fisher_p_value(first: int, first_arm: int, second: int, second_arm: int) -> float:
    table = [[first, first_arm - first], [second, second_arm - second]]
    return float(stats.fisher_exact(table).pvalue)


POWER = (
    rf"and true rates of {NUMBER}% with InO and {NUMBER}% with SC, Fisher's test finds P < 0.05 "
    rf"in {NUMBER} of 100 trials"
)
PH_POSITIVE = "22 and 27 (Ph+ in study 1022)"


def power_states(size: str):
    for state, said in states_and_numbers("endpoints/response", "visible-difference", POWER):
        assert said[:2] == [state["true_sc"] + state["gain"], state["true_sc"]]
        if state["size"] == size:
            yield state, said[2]


def test_power_of_the_ph_positive_trial_is_that_of_complete_enumeration():
    significant = np.array(
        [[fisher_p_value(a, 22, b, 27) < 0.05 for b in range(28)] for a in range(23)]
    )
    checked = 0
    for state, said in power_states(PH_POSITIVE):
        rate_sc = state["true_sc"] / 100
        chance_ino = stats.binom.pmf(range(23), 22, rate_sc + state["gain"] / 100)
        chance_sc = stats.binom.pmf(range(28), 27, rate_sc)
        power = 100 * np.sum(np.outer(chance_ino, chance_sc)[significant])
        assert abs(power - said) <= 0.5 + 1e-6, state
        checked += 1
    assert checked == 6 * 8


@pytest.mark.parametrize(
    ("size", "arms"),
    [("109 and 109 (first 218)", (109, 109)), ("164 and 162 (all 326)", (164, 162))],
)
def test_power_of_larger_trials_is_that_of_simulated_trials(size, arms):
    trials = 4000
    generator = np.random.default_rng(1022)
    for state, said in list(power_states(size))[2::9]:
        rate_sc = state["true_sc"] / 100
        ino = generator.binomial(arms[0], rate_sc + state["gain"] / 100, trials)
        sc = generator.binomial(arms[1], rate_sc, trials)
        found = [
            fisher_p_value(int(a), arms[0], int(b), arms[1]) < 0.05
            for a, b in zip(ino, sc, strict=True)
        ]
        share = float(np.mean(found))
        noise = 4 * np.sqrt(max(share * (1 - share), 0.01) / trials)
        assert abs(100 * share - said) <= 100 * noise + 0.5, state


def test_curve_built_patient_by_patient_is_that_of_lifelines():
    pattern = (
        rf"^After {NUMBER} months? {NUMBER} of 8 .*"
        rf"The curve (?:stands|ended at month 15,) at {NUMBER}%\.$"
    )
    months = np.array([1, 3, 4, 6, 8, 10, 12, 15])
    checked = 0
    for state, said in states_and_numbers(
        "endpoints/overall_survival", "curve-patient-by-patient", pattern
    ):
        now = state["now"]
        died = np.array([1, 1, 0, 1, 1, 0, 1, 0])
        died[[2, 5]] = state["fate_c"] == "died", state["fate_f"] == "died"
        seen = KaplanMeierFitter().fit(np.minimum(months, now), died * (months <= now))
        assert said[:2] == [now, np.sum(months > now)], state
        assert abs(100 * float(seen.predict(min(now, 15))) - said[2]) <= 0.05 + 1e-6, state
        checked += 1
    assert checked == 17 * 2 * 2


def product_limit_median(time: np.ndarray, dead: np.ndarray) -> float:
    """First time at which the product-limit estimate is at or below one half.

    The slack is for floating point: 163 deaths among 326 may multiply up to 0.5000000001.
    """
    alive = 1.0
    for moment in np.sort(time[dead]):
        alive *= 1 - np.sum(dead & (time == moment)) / np.sum(time >= moment)
        if alive <= 0.5 + 1e-9:
            return float(moment)
    return np.inf


def test_data_cut_reports_the_medians_of_its_trials():
    """Every trial anew, by the product-limit estimate written as a loop, in 35 of the states."""
    pattern = (
        rf"^200 trials of {NUMBER} patients, cut {NUMBER} months after the last entered, {NUMBER}% "
        rf"a year lost; the true median is 8 months\. Kaplan-Meier gives {NUMBER} in the middle "
        rf"trial, and {NUMBER} to {NUMBER} in 95 of 100; leaving out the living {NUMBER}, counting "
        rf"them dead {NUMBER}\.$"
    )
    followed = chapters.namespace("endpoints/overall_survival")["followed"]
    checked = 0
    for state, said in states_and_numbers("endpoints/overall_survival", "data-cut", pattern):
        assert said[:3] == [state["patients"], state["cut"], state["dropout"]]
        if state["patients"] != 49:
            continue
        times, deaths = followed(
            (200, 49), state["cut"], state["dropout"] / 100, np.random.default_rng(7)
        )
        kaplan_meier = sorted(map(product_limit_median, times, deaths))
        left_out = [np.median(time[dead]) for time, dead in zip(times, deaths, strict=True)]
        expected = [
            np.median(kaplan_meier),
            kaplan_meier[5],
            kaplan_meier[194],
            np.median(left_out),
            np.median(np.median(times, axis=1)),
        ]
        assert np.all(np.abs(np.array(expected) - said[3:]) <= 0.2), (state, expected)
        checked += 1
    assert checked == 7 * 5


def test_kaplan_meier_is_unbiased_where_the_wrong_answers_are_not():
    pattern = rf"gives {NUMBER} in the .*living {NUMBER}, counting them dead {NUMBER}"
    for state, said in states_and_numbers("endpoints/overall_survival", "data-cut", pattern):
        if state["patients"] == 2000:
            assert abs(said[0] - 8) <= 0.2, state
            if state["cut"] <= 3:
                assert said[1] <= 6.6 and said[2] <= 7.5, state


def test_simulated_follow_up_has_the_shape_that_the_chapter_says():
    """Exponential lifetimes with the stated median, even accrual, and the stated yearly loss."""
    followed = chapters.namespace("endpoints/overall_survival")["followed"]
    time, dead = followed(200_000, 60, 0, np.random.default_rng(1))
    assert abs(np.median(time) - 8) < 0.1 and dead.mean() > 0.99
    time, dead = followed(200_000, 3, 0, np.random.default_rng(2), median=1e9)
    assert not dead.any() and 3 <= time.min() < 3.01 and 31.99 < time.max() <= 32
    time, _ = followed(200_000, 100, 0.2, np.random.default_rng(3), median=1e9)
    assert abs(np.mean(time > 12) - 0.8) < 0.005
