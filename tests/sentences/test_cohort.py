"""What the explorers of the chapter on the cohorts say, by another route than the chapter's.

Whole numbers instead of scipy's hypergeometric distribution; a Kaplan-Meier estimate in exact
fractions instead of lifelines', and lifelines' Cox model instead of statsmodels'.
"""

import re
from fractions import Fraction
from functools import cache
from math import comb

import numpy as np
import pandas as pd
import pytest
from chapters import namespace
from inobook import cohorts
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test
from states import NUMBER, in_the_page, states_and_numbers, states_and_sentences

CHAPTER = "endpoints/cohort"


# --- a fair draw into two arms -----------------------------------------------------------


@cache
def draws(ino: int, sc: int, carriers: int) -> list[tuple[Fraction, Fraction]]:
    """Difference in percentage points and chance, for each number of carriers on InO."""
    return [
        (
            100 * (Fraction(on_ino, ino) - Fraction(carriers - on_ino, sc)),
            Fraction(comb(ino, on_ino) * comb(sc, carriers - on_ino), comb(ino + sc, carriers)),
        )
        for on_ino in range(max(0, carriers - sc), min(ino, carriers) + 1)
    ]


def test_differences_by_chance_are_those_of_counting_in_every_state():
    pattern = (
        rf"^Of {NUMBER} patients {NUMBER} carry the characteristic \({NUMBER}%\)\. Drawn fairly "
        rf"into {NUMBER} and {NUMBER}, the arms differ by {NUMBER} percentage points or more in "
        rf"(?:fewer than )?{NUMBER} of (?:100|1,000) draws; at least 95 of 100 draws keep within "
        rf"{NUMBER} points\.$"
    )
    _, packed = in_the_page(CHAPTER, "imbalance-by-chance")
    checked = 0
    for (state, said), sentence in zip(
        states_and_numbers(CHAPTER, "imbalance-by-chance", pattern), packed.sentences, strict=True
    ):
        patients, carriers, percent, ino, sc, gap, often, within = said
        assert patients == ino + sc
        assert gap == state["gap"]
        assert state["size"].startswith(f"{ino:.0f} and {sc:.0f}")
        assert abs(carriers - patients * state["share"] / 100) <= 0.5
        assert abs(percent - 100 * carriers / patients) <= 0.5
        every = draws(int(ino), int(sc), int(carriers))
        assert sum(chance for _, chance in every) == 1
        far = 100 * float(sum(chance for points, chance in every if abs(points) >= gap))
        if "fewer than" in sentence:
            assert far < 0.05
        else:
            assert abs(far - often) <= 0.05 + 1e-9, state
        limit = next(
            reach
            for reach in sorted(abs(points) for points, _ in every)
            if sum(chance for points, chance in every if abs(points) <= reach) >= Fraction(95, 100)
        )
        assert abs(float(limit) - within) <= 0.05 + 1e-9, state
        checked += 1
    assert checked == 3 * 5 * 6


def percent_beyond(carriers: int, gap: int) -> float:
    return 100 * float(
        sum(chance for points, chance in draws(22, 27, carriers) if abs(points) >= gap)
    )


def test_what_the_text_says_of_gaps_by_chance():
    carriers = {10: 5, 20: 10, 30: 15, 40: 20, 50: 25}
    fifteen = [round(percent_beyond(each, 15), 1) for each in carriers.values()]
    assert fifteen == [5.6, 15.2, 21.7, 38.1, 25.6]
    assert percent_beyond(20, 10) == percent_beyond(20, 15)
    assert round(percent_beyond(5, 20), 1) == 1.4
    usual = {each: percent_beyond(each, 20) for each in range(10, 26)}
    assert namespace(CHAPTER)["usual_twenty"] == pytest.approx(list(usual.values()))
    assert (min(usual, key=usual.get), max(usual, key=usual.get)) == (11, 21)
    assert (round(usual[11], 1), round(usual[21], 1)) == (8.3, 24.6)
    assert [round(usual[each]) for each in (19, 20, 21)] == [24, 14, 25]
    assert percent_beyond(20, 20) == pytest.approx(100 / 7, abs=1)


def test_the_split_of_the_49_and_the_little_that_the_lists_protect():
    """By dealing cards: 326 patients of whom 24 are Ph+ in second salvage and 25 in first."""
    dealer = np.random.default_rng(49)
    second_salvage = np.arange(326) < 111
    ph = (np.arange(326) < 24) | ((np.arange(326) >= 111) & (np.arange(326) < 136))
    gaps: dict[str, list[float]] = {"lists": [], "no lists": []}
    on_ino = []
    for _ in range(6000):
        keys = dealer.random(326)
        rank = np.argsort(np.argsort(keys))
        rank_second = np.argsort(np.argsort(keys[:111]))
        rank_first = np.argsort(np.argsort(keys[111:]))
        whole, strata = rank < 164, np.r_[rank_second < 56, rank_first < 108]
        on_ino.append(int((ph & whole).sum()))
        for name, ino in (("lists", strata), ("no lists", whole)):
            share = [second_salvage[ph & arm].mean() for arm in (ino, ~ino)]
            gaps[name].append(100 * (share[0] - share[1]))
    chapter = namespace(CHAPTER)
    assert np.std(gaps["lists"]) == pytest.approx(chapter["spread_stratified"], rel=0.04)
    assert np.std(gaps["no lists"]) == pytest.approx(chapter["spread_unstratified"], rel=0.04)
    uneven = np.mean(np.abs(np.array(on_ino) - 24.5) >= 2.5)
    assert uneven == pytest.approx(chapter["uneven_split"], abs=0.03)


# --- 21 cohorts --------------------------------------------------------------------------

OUTCOMES = {"overall survival": "os", "progression-free survival": "pfs"}


@cache
def patients(number: int) -> pd.DataFrame:
    if number == 0:
        cohort = cohorts.load_1022()
        return cohort[cohort["ph_positive"] == 1]
    cohort = cohorts.load_alternatives()
    return cohort[cohort["cohort"] == number]


def steps(number: int, outcome: str, arm: str) -> list[tuple[int, float]]:
    """Days of an event with the share that got past each, in exact fractions."""
    one = patients(number)
    one = one[one["arm"] == arm]
    days, event = one[f"{outcome}_days"].tolist(), one[f"{outcome}_event"].tolist()
    share, found = Fraction(1), []
    for day in sorted({d for d, e in zip(days, event, strict=True) if e}):
        at_risk = sum(d >= day for d in days)
        events = sum(d == day and e == 1 for d, e in zip(days, event, strict=True))
        share *= Fraction(at_risk - events, at_risk)
        found.append((day, share))
    return found


@cache
def rate(number: int, outcome: str, arm: str, month: int) -> tuple[float | None, int]:
    """Percent at a month, None where it is not known, and how many were at risk."""
    one = patients(number)
    follow_up = one.loc[one["arm"] == arm, f"{outcome}_days"]
    at_risk = int((follow_up >= month * cohorts.DAYS_PER_MONTH).sum())
    past = [s for day, s in steps(number, outcome, arm) if day <= month * cohorts.DAYS_PER_MONTH]
    share = past[-1] if past else Fraction(1)
    return (None if at_risk == 0 and share > 0 else 100 * float(share)), at_risk


@cache
def median(number: int, outcome: str, arm: str) -> float:
    day = next(day for day, share in steps(number, outcome, arm) if share <= Fraction(1, 2))
    return day / cohorts.DAYS_PER_MONTH


@cache
def hazard_ratio(number: int, outcome: str) -> float:
    one = patients(number)
    data = pd.DataFrame(
        {
            "days": one[f"{outcome}_days"],
            "event": one[f"{outcome}_event"],
            "inotuzumab": (one["arm"] == "InO").astype(float),
        }
    )
    return float(CoxPHFitter().fit(data, "days", "event").hazard_ratios_["inotuzumab"])


PATTERN = (
    rf"^Synthetic cohort {NUMBER} \((?:the book's own|an alternative)\), "
    rf"(?:overall|progression-free) survival: medians {NUMBER} \(InO\) and {NUMBER} \(SC\) months, "
    rf"hazard ratio {NUMBER}\. At {NUMBER} months InO (.+) and SC (.+); over the 21 cohorts "
    rf"(.+) and (.+)\.$"
)


def numbers_in(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_one_cohort_at_a_time_in_every_state(outcome):
    short, checked = OUTCOMES[outcome], 0
    for state, sentence in states_and_sentences(CHAPTER, "one-cohort-at-a-time"):
        if state["outcome"] != outcome:
            continue
        found = re.match(PATTERN, sentence)
        assert found, sentence
        assert outcome in sentence
        number, month = state["number"], state["month"]
        assert (int(found[1]), int(found[5])) == (number, month)
        assert ("the book's own" in sentence) == (number == 0)
        assert float(found[2]) == pytest.approx(median(number, short, "InO"), abs=0.05 + 1e-6)
        assert float(found[3]) == pytest.approx(median(number, short, "SC"), abs=0.05 + 1e-6)
        assert float(found[4]) == pytest.approx(hazard_ratio(number, short), abs=0.005 + 1e-4)
        for arm, said, spread in (("InO", found[6], found[8]), ("SC", found[7], found[9])):
            percent, at_risk = rate(number, short, arm, month)
            if percent is None:
                assert said == "not known (nobody was watched so long)"
            else:
                assert numbers_in(said) == pytest.approx([percent, at_risk], abs=0.05 + 1e-6)
            every = [rate(each, short, arm, month)[0] for each in range(21)]
            known = [each for each in every if each is not None]
            limits = numbers_in(spread)
            assert limits[0] == pytest.approx(min(known), abs=0.05 + 1e-6)
            assert limits[-1] == pytest.approx(max(known), abs=0.05 + 1e-6)
            assert spread.startswith("always") == (len(limits) == 1)
            assert spread.endswith("where known") == (None in every)
        checked += 1
    assert checked == 4 * 21


def test_what_the_ledger_says_of_24_months_and_of_12():
    """Counts that stand in the ledger's prose."""
    gains = [rate(each, "os", "InO", 24)[0] - rate(each, "os", "SC", 24)[0] for each in range(21)]
    higher, lower = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    assert (higher, lower) == (2, 19)
    at_risk = [rate(each, "os", arm, 24)[1] for each in range(21) for arm in ("InO", "SC")]
    assert (min(at_risk), max(at_risk)) == (1, 7)
    agree = {
        (outcome, month)
        for outcome in ("os", "pfs")
        for month in (6, 12, 18, 24)
        if all(
            len({f"{rate(each, outcome, arm, month)[0] or 0:.1f}" for each in range(21)}) == 1
            for arm in ("InO", "SC")
        )
    }
    assert agree == {("pfs", 12)}


def test_women_live_shorter_with_a_low_p_in_exactly_one_cohort():
    """What the page and the quiz say of sex: cohort 4 one way, cohort 12 alone the other way."""
    low_p = {}
    for number in range(21):
        one = patients(number)
        women = one["female"] == 1
        p = logrank_test(
            one.loc[women, "os_days"], one.loc[~women, "os_days"],
            one.loc[women, "os_event"], one.loc[~women, "os_event"],
        ).p_value  # fmt: skip
        data = one[["os_days", "os_event", "female"]].astype(float)
        ratio = CoxPHFitter().fit(data, "os_days", "os_event").hazard_ratios_["female"]
        assert namespace(CHAPTER)["factor_ratios"].loc[number, "women"] == pytest.approx(
            ratio, rel=1e-4
        )
        assert namespace(CHAPTER)["factor_tests"].loc[number, "women"] == pytest.approx(p, rel=1e-6)
        if p < 0.05:
            low_p[number] = "shorter" if ratio > 1 else "longer"
    assert len(low_p) == 2
    assert [number for number, which in low_p.items() if which == "shorter"] == [12]
    assert low_p[4] == "longer"


def test_finds_in_the_other_five_characteristics_and_in_the_books_own_cohort():
    """By lifelines: 8 low P of 105 in all, and two of them in cohort 0."""
    has = {
        "age": lambda one: one["age"] >= 55,
        "salvage": lambda one: one["salvage_2"] == 1,
        "remission": lambda one: one["cr1_12_months"] == 1,
        "transplant": lambda one: one["prior_hsct"] == 1,
        "blasts": lambda one: one["blasts_50"] == 1,
    }
    low_p, ratios = [], {}
    for number in range(21):
        one = patients(number)
        for name, rule in has.items():
            group = rule(one)
            p = logrank_test(
                one.loc[group, "os_days"], one.loc[~group, "os_days"],
                one.loc[group, "os_event"], one.loc[~group, "os_event"],
            ).p_value  # fmt: skip
            data = one[["os_days", "os_event"]].assign(group=group.astype(float)).astype(float)
            ratios[name, number] = (
                CoxPHFitter().fit(data, "os_days", "os_event").hazard_ratios_["group"]
            )
            if p < 0.05:
                low_p.append((name, number))
    assert len(low_p) == namespace(CHAPTER)["below_in_others"].sum() == 8
    assert {name for name, number in low_p if number == 0} == {"remission", "blasts"}
    blasts = {number: ratios["blasts", number] for number in range(21)}
    assert max(blasts, key=blasts.get) == 0
    folds = []
    for name in has:
        row = [ratios[name, number] for number in range(21)]
        folds.append(max(row) / min(row))
    chapter = namespace(CHAPTER)["fold"].drop("women")
    assert sorted(folds) == pytest.approx(sorted(chapter), rel=1e-3)
