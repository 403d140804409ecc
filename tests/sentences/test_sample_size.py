"""What the explorers of the chapter on sample size say, by another route than the chapter's.

Root finding on the power instead of a formula for the deaths; Fisher's test from scipy, table by
table; simulated trials and integrals by quadrature instead of a sum over a grid; simulated
subgroups with Cox's model instead of the normal curve.
"""

import re
from functools import cache

import chapters
import numpy as np
import pytest
from inobook.trials import (
    Accrual,
    PiecewiseHazard,
    cox_hazard_ratio,
    log_rank,
    log_rank_power,
    simulate_trials,
)
from scipy import integrate, optimize, stats
from states import NUMBER, states_and_numbers, states_and_sentences

CHAPTER = "design/sample_size"
COURSES = {
    "ratio 0.70 throughout": (0.7, 0.0, 0.0),
    "ratio 0.70 from month 3": (0.7, 3.0, 0.0),
    "ratio 0.70 from month 6": (0.7, 6.0, 0.0),
    "a fifth never die": None,
    "a fifth, equal medians": (1.0, 0.0, 0.2),
}


def test_courses_are_those_of_the_chapter():
    assert list(chapters.namespace(CHAPTER)["COURSES"]) == list(COURSES)


# --- alpha, target and power -------------------------------------------------------------


@cache
def deaths_for(alpha: float, hr: float, power: float) -> int:
    """The smallest whole number of deaths whose power suffices."""

    def lacking(deaths: float) -> float:
        return float(log_rank_power(deaths, hr, one_sided_alpha=alpha / 2)) - power

    return int(np.ceil(optimize.brentq(lacking, 1, 20_000)))


@cache
def p_values() -> np.ndarray:
    """One-sided P of Fisher's test for every table with 109 patients an arm, by addition."""
    p = np.zeros((110, 110))
    for remissions in range(219):
        chance = stats.hypergeom.pmf(np.arange(111), 218, remissions, 109)
        for ino in range(max(0, remissions - 109), min(109, remissions) + 1):
            p[ino, remissions - ino] = chance[ino:].sum()
    return p


def test_p_values_are_those_of_scipy():
    for ino, sc in [(88, 32), (50, 33), (49, 33), (40, 40)]:
        table = [[ino, 109 - ino], [sc, 109 - sc]]
        expected = stats.fisher_exact(table, alternative="greater").pvalue
        assert p_values()[ino, sc] == pytest.approx(expected, rel=1e-9)


@cache
def power_for_response(gain: int, alpha: float) -> float:
    on_ino = stats.binom.pmf(np.arange(110), 109, 0.3 + gain / 100)
    on_sc = stats.binom.pmf(np.arange(110), 109, 0.3)
    return float(on_ino @ (p_values() <= alpha / 2) @ on_sc)


def test_alpha_and_target_give_the_deaths_and_what_is_left_gives_the_power():
    pattern = r"power take ([\d,]+) deaths, (.+?)\. (.+)$"
    for state, sentence in states_and_sentences(CHAPTER, "share-of-alpha"):
        number, reach, response = re.search(pattern, sentence).groups()
        deaths = int(number.replace(",", ""))
        assert deaths == deaths_for(state["alpha"], state["hr"], state["power"] / 100)
        assert ("more than all 326" in reach) == (deaths > 326)
        assert ("more than the 252" in reach) == (252 < deaths <= 326)
        assert ("just as many" in reach) == (deaths == 252)
        assert ("fewer than the 252" in reach) == (deaths < 252)
        left = round(0.05 - state["alpha"], 3)
        if left == 0:
            assert response.startswith("Nothing is left")
            continue
        kept, target, power = re.search(
            rf"keeps {NUMBER}: .* 30% against {NUMBER}% is {NUMBER}%", response
        ).groups()
        assert float(kept) == left
        assert int(target) == 30 + state["gain"]
        assert float(power) == pytest.approx(
            100 * power_for_response(state["gain"], left), abs=0.501
        )


# --- accrual, follow-up, median ----------------------------------------------------------

DEATHS = rf"{NUMBER} deaths expected at the cut, .*?; (.+?)\. Power at the cut, .*: {NUMBER}%"


def course(median: float, name: str) -> PiecewiseHazard:
    if COURSES[name] is None:  # a fifth never die, the others as on SC
        return PiecewiseHazard((np.log(2) / median,), (), 0.2)
    ratio, month, cured = COURSES[name]
    return PiecewiseHazard.from_median(
        median, hazard_ratio=ratio, from_month=month, cured_share=cured
    )


@cache
def expected(window: int, median: float, name: str, cut: float) -> float:
    """Deaths by a month: the survival integrated over the entries, by quadrature."""

    def dead_share(arm: PiecewiseHazard) -> float:
        last = min(window, cut)
        kinks = [cut - change for change in arm.change_months if 0 < cut - change < last]
        share, _ = integrate.quad(
            lambda entry: 1 - float(arm.survival(cut - entry)), 0, last, points=kinks or None
        )
        return share / window

    return 162 * dead_share(PiecewiseHazard.from_median(median)) + 164 * dead_share(
        course(median, name)
    )


def test_deaths_at_the_cut_and_month_of_the_252nd():
    for state, sentence in states_and_sentences(CHAPTER, "deaths-by-month"):
        deaths, when, _ = re.search(DEATHS, sentence).groups()
        window, median, name = state["window"], state["median"], state["course"]
        cut = window + state["follow_up"]
        assert float(deaths) == pytest.approx(expected(window, median, name, cut), abs=0.6)
        if "not expected" in when:
            assert expected(window, median, name, 84) < 252
            continue
        month = float(re.search(rf"month {NUMBER}$", when)[1])
        at = optimize.brentq(
            lambda m, key=(window, median, name): expected(*key, m) - 252, 1, 84, xtol=1e-3
        )
        assert month == pytest.approx(at, abs=0.55)


SIMULATED = 3000


@pytest.mark.parametrize("name", COURSES)
@pytest.mark.parametrize("window, follow_up, median", [(28, 14, 6.7), (18, 24, 5.0), (48, 2, 8.5)])
def test_power_at_the_cut_is_about_that_of_simulated_trials(name, window, follow_up, median):
    """The calculation neglects that z has not quite variance 1: allow 2.5 points for that."""
    cut = simulate_trials(
        np.random.default_rng(2016),
        SIMULATED,
        326,
        accrual=Accrual.uniform(window),
        control=PiecewiseHazard.from_median(median),
        experimental=course(median, name),
        experimental_patients=164,
    ).cut_at_month(window + follow_up)
    power = 100 * np.mean(log_rank(cut).z < stats.norm.ppf(0.0125))
    error = 100 * np.sqrt(0.25 / SIMULATED)
    (said,) = [
        float(re.search(DEATHS, sentence)[3])
        for state, sentence in states_and_sentences(CHAPTER, "deaths-by-month")
        if tuple(state.values()) == (window, follow_up, median, name)
    ]
    assert said == pytest.approx(power, abs=2.5 + 3 * error)


# --- the subgroup ------------------------------------------------------------------------

SUBGROUP = (
    r"comes in (fewer than )?([\d.]+) of 100 trials\. "
    r".* comes in (fewer than |more than )?([\d.]+) of 100; "
    r"it takes an estimate of ([\d.]+) or lower"
)


def test_subgroup_by_the_binomial_information_of_its_arms():
    """z on the scale of the log ratio; the formula's error worked out as 1/a + 1/b."""
    for state, sentence in states_and_sentences(CHAPTER, "seen-by-subgroup"):
        few_worse, worse, few_found, found, boundary = re.search(SUBGROUP, sentence).groups()
        ino, sc = state["deaths"] * 22 / 49, state["deaths"] * 27 / 49
        estimate = stats.norm(np.log(state["hr"]), np.sqrt(1 / ino + 1 / sc))
        limit = -1.959964 * np.sqrt(1 / ino + 1 / sc)
        assert float(boundary) == pytest.approx(np.exp(limit), abs=0.0051)
        for few, said, chance in [
            (few_worse, worse, estimate.sf(np.log(state["line"]))),
            (few_found, found, estimate.cdf(limit)),
        ]:
            if few:
                assert chance < 0.000501 if "fewer" in few else chance > 0.99499
            else:
                assert float(said) == pytest.approx(
                    100 * chance, abs=0.51 if chance > 0.09 else 0.051
                )


@pytest.mark.parametrize("hr", [0.5, 0.75, 1.0, 1.17])
def test_subgroup_of_49_is_about_that_of_simulated_ones(hr):
    """The approximation is up to 2.5 points out at 43 deaths, as the chapter says."""
    sc = PiecewiseHazard.from_median(8.4)
    cut = simulate_trials(
        np.random.default_rng(7),
        8000,
        49,
        accrual=Accrual.uniform(28),
        control=sc,
        experimental=sc.times(hr),
        experimental_patients=22,
    ).cut_at_death(43)
    worse = 100 * np.mean(cox_hazard_ratio(cut).ratio >= 1.17)
    found = 100 * np.mean(log_rank(cut).z < stats.norm.ppf(0.025))
    (said,) = [
        re.search(SUBGROUP, sentence)
        for state, sentence in states_and_sentences(CHAPTER, "seen-by-subgroup")
        if tuple(state.values()) == (43, hr, 1.17)
    ]
    assert float(said[2]) == pytest.approx(worse, abs=2.5 + 1.7)
    assert float(said[4]) == pytest.approx(found, abs=2.5 + 1.7)


def test_more_deaths_narrow_the_subgroup():
    """Worse-than-1.17 grows rarer with the deaths, for every truth below it."""
    by_truth: dict[float, list[float]] = {}
    for state, (chance,) in states_and_numbers(
        CHAPTER, "seen-by-subgroup", r"or worse comes in (?:fewer than )?([\d.]+) of 100"
    ):
        if state["line"] == 1.17 and state["hr"] < 1.17:
            by_truth.setdefault(state["hr"], []).append(chance)
    # The control of the deaths comes first, so that each list runs over rising deaths.
    assert all(chances == sorted(chances, reverse=True) for chances in by_truth.values())
