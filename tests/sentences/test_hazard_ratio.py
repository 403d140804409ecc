"""What the explorers of the chapter on the hazard ratio say, by another route than the chapter's.

Fitted Cox models and root finding instead of a grid; Schoenfeld's formula instead of two sums of
deaths; numerical integration and large simulated trials instead of a sum over midpoints.
"""

import itertools
import re
from functools import cache

import chapters
import numpy as np
import pandas as pd
import pytest
from inobook.cohorts import load_1022, load_alternatives
from lifelines import CoxPHFitter, KaplanMeierFitter
from scipy import integrate, optimize, stats
from states import NUMBER, states_and_numbers, states_and_sentences

CHAPTER = "endpoints/hazard_ratio"
INTERVALS = "interval-by-deaths"
OWN = "the book's own"
LIMIT = r"((?:below |above )?\d+(?:\.\d+)?)"


@cache
def patients(draw: str) -> pd.DataFrame:
    if draw == OWN:
        cohort = load_1022()
        chosen = cohort[cohort.ph_positive == 1]
    else:
        number = dict(zip("abcd", (3, 4, 7, 11), strict=True))[draw[-1]]
        alternatives = load_alternatives()
        chosen = alternatives[alternatives.cohort == number]
    return pd.DataFrame(
        {"days": chosen.os_days, "died": chosen.os_event, "ino": 1 * (chosen.arm == "InO")}
    )


@cache
def fitted_until(draw: str, deaths: int) -> CoxPHFitter:
    """A Cox model of everybody, watched until the day of the death of that number."""
    each = patients(draw)
    stop = np.sort(each.days[each.died == 1])[deaths - 1]
    watched = each.assign(
        died=each.died.where(each.days <= stop, 0), days=each.days.clip(upper=stop)
    )
    return CoxPHFitter().fit(watched, "days", "died")


@cache
def log_likelihood(draw: str, deaths: int, log_hr: float) -> float:
    """Efron's log partial likelihood, death by death, in a plain loop."""
    each = patients(draw).sort_values("days")
    days, died, ino = (each[name].to_numpy() for name in ("days", "died", "ino"))
    stop = np.sort(days[died == 1])[deaths - 1]
    weight = np.exp(log_hr * ino)
    total = 0.0
    for day in np.unique(days[(died == 1) & (days <= stop)]):
        tied = (days == day) & (died == 1)
        for drawn in range(tied.sum()):
            total -= np.log(weight[days >= day].sum() - drawn / tied.sum() * weight[tied].sum())
        total += log_hr * ino[tied].sum()
    return total


@cache
def likelihood_limits(draw: str, deaths: int) -> tuple[float, float]:
    centre = float(fitted_until(draw, deaths).params_["ino"])
    drop = stats.chi2.ppf(0.95, 1) / 2
    top = log_likelihood(draw, deaths, centre)

    def surplus(log_hr: float) -> float:
        return log_likelihood(draw, deaths, log_hr) - top + drop

    ends = (centre - 6, centre + 6)
    return tuple(np.exp(optimize.brentq(surplus, *sorted((centre, end)))) for end in ends)


LIKELIHOOD = (
    rf"^In .*, with (?:all|the first) {NUMBER} deaths, the likelihood peaks at {NUMBER}; .*"
    rf"A hazard ratio of {NUMBER} explains these deaths (?:less than )?{NUMBER}% as well as "
    r"the best, (?:in|out)side the interval\. Synthetic patients, no result of the trial\.$"
)


def test_likelihood_peaks_where_a_cox_model_is_fitted_and_has_the_height_of_a_loop():
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "likelihood-by-deaths", LIKELIHOOD):
        draw, deaths = state["draw"], state["deaths"]
        fitted = fitted_until(draw, deaths)
        best = float(fitted.hazard_ratios_["ino"])
        height = np.exp(log_likelihood(draw, deaths, np.log(state["hr"])) - fitted.log_likelihood_)
        assert said[0] == deaths and said[2] == state["hr"]
        assert abs(said[1] - best) <= 0.005 + 1e-3, (state, best)
        assert abs(said[3] - 100 * height) <= (0.5 if said[3] > 1 else 1) + 1e-3, (state, height)
        checked += 1
    assert checked == 9 * 5 * 8


def test_likelihood_intervals_end_where_a_root_finder_ends_them():
    pattern = rf"the 95% interval is {LIMIT} to {LIMIT}\. A hazard ratio of (.*)$"
    explorer = chapters.explorers(CHAPTER)["likelihood-by-deaths"]
    seen = set()
    for state in explorer.states():
        key = state["draw"], state["deaths"]
        if state["hr"] not in (0.5, 3.0):
            continue
        found = re.search(pattern, explorer(**state)[1])
        limits = likelihood_limits(*key)
        for printed, limit in zip(found.groups()[:2], limits, strict=True):
            if printed == "below 0.1":
                assert limit <= 0.1
            elif printed == "above 10":
                assert limit >= 10
            else:
                assert abs(float(printed) - limit) <= 0.005 + 2e-3, (state, limit)
        inside = limits[0] <= state["hr"] <= limits[1]
        assert (", inside the interval" in found[3]) == inside, state
        seen.add(key)
    assert len(seen) == 9 * 5


@pytest.mark.parametrize("draw", [OWN, *(f"another draw, {letter}" for letter in "abcd")])
def test_all_deaths_exclude_the_extremes_and_no_more(draw):
    """The row of the ledger: 0.50 and 3.00 outside in every cohort, 0.75 and 1.50 inside."""
    low, high = likelihood_limits(draw, 43)
    assert 0.5 < low < 0.75
    assert 1.5 < high < 3.0


COUNT = r"(\d[\d,]*)"
PERCENT = r"(less than 1|\d+)%"
INTERVAL = (
    rf"^An estimate of {NUMBER} on {COUNT} deaths, .*: {NUMBER}% interval {NUMBER} to {NUMBER}\. "
    rf"The hazard could be (?:anything from )?{PERCENT} (?:lower )?to {PERCENT} (lower|higher)\. "
)
SHARES = {"half and half": 0.5, "40% in one arm": 0.4, "30% in one arm": 0.3}


def test_interval_is_that_of_schoenfelds_variance_in_every_state():
    """Variance 1 / (d p (1 - p)), with p the share of the deaths in one arm."""
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, INTERVALS):
        *texts, near, far, side = re.search(INTERVAL, sentence).groups()
        said = [float(text.replace(",", "")) for text in texts]
        share = SHARES[state["split"]]
        spread = (state["deaths"] * share * (1 - share)) ** -0.5
        level = state["level"] / 100
        limits = np.exp(stats.norm.interval(level, np.log(state["estimate"]), spread))
        assert said[:3] == [state["estimate"], state["deaths"], state["level"]]
        assert np.all(np.abs(limits - said[3:5]) <= 0.005 + 1e-6), state
        ordered = limits[::-1] if limits[1] < 1 else limits
        assert (side == "lower") == (limits[1] < 1), state
        assert ("anything from" in sentence) == (limits[0] < 1 < limits[1]), state
        assert ("lower to" in sentence) == (limits[0] < 1 < limits[1]), state
        for limit, printed in zip(ordered, (near, far), strict=True):
            change = 100 * abs(limit - 1)
            if printed == "less than 1":
                assert change < 0.5
            else:
                assert abs(change - float(printed)) <= 0.5 + 1e-6, state
        checked += 1
    assert checked == 6 * 11 * 3 * 2


def test_interval_says_whether_one_is_excluded_and_how_many_deaths_would_do():
    for state, sentence in states_and_sentences(CHAPTER, INTERVALS):
        share = SHARES[state["split"]]
        quantile = stats.norm.ppf(0.5 + state["level"] / 200)
        spread = (state["deaths"] * share * (1 - share)) ** -0.5
        excluded = abs(np.log(state["estimate"])) > quantile * spread
        assert ("The interval excludes 1" in sentence) == excluded, state
        if state["estimate"] == 1:
            assert sentence.endswith("no number of deaths excludes 1.")
            continue
        assert ("The interval holds 1" in sentence) == (not excluded), state
        if not excluded:
            continue
        needed = int(re.search(rf"about {COUNT} deaths are enough", sentence)[1].replace(",", ""))
        distance = abs(np.log(state["estimate"]))
        assert distance * np.sqrt(needed * share * (1 - share)) >= quantile - 1e-9
        assert distance * np.sqrt((needed - 1) * share * (1 - share)) < quantile


def test_the_question_before_the_intervals_can_be_answered():
    """1.17 holds 1 with 500 deaths and excludes it with 700."""
    for deaths, words in ((500, "The interval holds 1"), (700, "The interval excludes 1")):
        explorer = chapters.explorers(CHAPTER)[INTERVALS]
        sentence = explorer(estimate=1.17, deaths=deaths, split="half and half", level=95)[1]
        assert words in sentence


def test_medians_and_ratios_by_chance_are_those_of_the_library():
    chapter = chapters.namespace(CHAPTER)
    arrays = chapter["proportional_trials"](1.17, 30, np.random.default_rng(3))
    found = zip(*chapter["medians_and_surpluses"](*arrays), strict=True)
    for time, died, ino, (*medians, above_1, above_117) in zip(*arrays, found, strict=True):
        by_library = [
            KaplanMeierFitter().fit(time[arm], died[arm]).median_survival_time_
            for arm in (ino, ~ino)
        ]
        assert np.allclose(medians, by_library)
        trial = pd.DataFrame({"time": time, "died": 1 * died, "ino": 1 * ino})
        ratio = CoxPHFitter().fit(trial, "time", "died").hazard_ratios_["ino"]
        assert (ratio > 1) == (above_1 > 0)
        assert (ratio >= 1.17) == (above_117 >= 0)


CROSSING = (
    rf"^Hazard ratio {NUMBER} until month {NUMBER} and {NUMBER} after it, data cut {NUMBER} months "
    rf"after the last patient entered: medians {NUMBER} months with InO and {NUMBER} with SC; the "
    rf"Cox hazard ratio of a very large trial is {NUMBER}\. "
)
HAZARD = np.log(2) / 8.4


def limit_of_cox(early: float, late: float, change: float, cut: float) -> float:
    """The root of the expected score, each part by adaptive quadrature."""

    def score(hr: float) -> float:
        def density(time: float) -> float:
            cumulative = early * min(time, change) + late * max(time - change, 0)
            ino, sc = 22 * np.exp(-HAZARD * cumulative), 27 * np.exp(-HAZARD * time)
            here = early if time < change else late
            return min(1, (cut + 28 - time) / 28) * ino * sc * (here - hr) / (hr * ino + sc)

        kinks = sorted({0, change, cut, cut + 28})
        parts = itertools.pairwise(kinks)
        return sum(integrate.quad(density, a, b, epsabs=1e-8, epsrel=1e-8)[0] for a, b in parts)

    low, high = sorted((early, late))
    return low if low == high else optimize.brentq(score, low, high, xtol=1e-6)


def alive(time: float, early: float, late: float, change: float) -> float:
    return np.exp(-HAZARD * (early * min(time, change) + late * max(time - change, 0)))


def test_crossing_curves_have_these_medians_and_this_ratio():
    """Medians in every state by root finding; the ratio in one state of five by quadrature."""
    checked = 0
    for position, (state, said) in enumerate(
        states_and_numbers(CHAPTER, "crossing-curves", CROSSING)
    ):
        course = state["early"], state["late"], state["change"]
        median = optimize.brentq(lambda time, c=course: alive(time, *c) - 0.5, 0, 100)
        assert said[:4] == [state["early"], state["change"], state["late"], state["cut"]]
        assert abs(said[4] - median) <= 0.05 + 1e-6 and said[5] == 8.4, state
        if position % 5 == 0:
            ratio = limit_of_cox(*course, state["cut"])
            assert abs(said[6] - ratio) <= 0.005 + 1e-3, (state, ratio)
        checked += 1
    assert checked == 6 * 6 * 5 * 2


@pytest.mark.parametrize(
    ("early", "late", "change", "cut"),
    [(0.5, 3.0, 9, 24), (1.5, 0.5, 3, 0), (0.7, 1.5, 9, 0), (0.9, 1.5, 9, 24)],
)
def test_a_large_simulated_trial_gives_the_same_cox_ratio(early, late, change, cut):
    """Lifetimes by inverting the survival curve on a grid, not by the chapter's formula."""
    generator, size = np.random.default_rng(7), 8000
    grid = np.linspace(0, 400, 40001)
    curve = np.array([alive(time, early, late, change) for time in grid])
    ino = np.repeat([1, 0], [round(size * 22 / 49), size - round(size * 22 / 49)])
    uniform = generator.random(size)
    life = np.where(
        ino == 1, np.interp(-uniform, -curve, grid), stats.expon.isf(uniform, scale=1 / HAZARD)
    )
    watched = cut + 28 * generator.random(size)
    trial = pd.DataFrame(
        {"months": np.minimum(life, watched), "died": 1 * (life <= watched), "ino": ino}
    )
    fitted = CoxPHFitter().fit(trial, "months", "died")
    explorer = chapters.explorers(CHAPTER)["crossing-curves"]
    sentence = explorer(early=early, late=late, change=change, cut=cut)[1]
    said = float(re.search(rf"large trial is {NUMBER}\.", sentence)[1])
    assert abs(np.log(said) - fitted.params_["ino"]) <= 4 * fitted.standard_errors_["ino"] + 0.01


def test_verdict_follows_from_the_printed_numbers():
    explorer = chapters.explorers(CHAPTER)["crossing-curves"]
    opposite = 0
    for state in explorer.states():
        sentence = explorer(**state)[1]
        *_, median, _, ratio = map(float, re.search(CROSSING, sentence).groups())
        by_median = "InO" if median > 8.4 else "SC" if median < 8.4 else "neither arm"
        by_ratio = "InO" if ratio < 1 else "SC" if ratio > 1 else "neither arm"
        if by_median == by_ratio:
            assert sentence.endswith(f"Both favour {by_median}."), sentence
        else:
            assert sentence.endswith(f"favours {by_median}, the hazard ratio {by_ratio}."), sentence
            opposite += {by_median, by_ratio} == {"InO", "SC"}
    assert opposite >= 20


def test_r_and_lifelines_differ_in_the_check_of_proportional_hazards_by_little():
    """The named difference: R has the score test, lifelines the older approximation."""
    printed = (chapters.ROOT / "tests/oracle/hazard_ratio.out").read_text(encoding="utf-8")
    chi_square, p_value = map(
        float, re.search(r"^GLOBAL +([\d.]+) +1 +([\d.]+)$", printed, re.M).groups()
    )
    check = chapters.namespace(CHAPTER)["check"]
    assert 1e-4 < abs(float(np.ravel(check.test_statistic)[0]) - chi_square) < 0.01
    assert abs(float(np.ravel(check.p_value)[0]) - p_value) < 0.005
