"""What the explorers of the chapter on transplant say, by another route than the chapter's.

Integrals and simulated patients instead of formulas, and a head count instead of shares. The
chapter's own subdistribution ratio is compared with that of R's crr, a named difference.
"""

import json
import re

import chapters
import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from scipy import integrate
from states import NUMBER, states_and_numbers, states_and_sentences
from statsmodels.duration.survfunc import CumIncidenceRight

CHAPTER = "endpoints/transplant"
WAITING = (
    rf"^With {NUMBER} transplants? and {NUMBER} deaths? per 100 patient-months of waiting, "
    rf"{NUMBER}% are transplanted by month {NUMBER}\. One minus Kaplan-Meier says "
)


def ever_by(month: float, rate: float, loss: float) -> float:
    """Share with an event of this rate among the waiting, who become fewer at the rate of loss."""
    return integrate.quad(lambda t: rate * np.exp(-loss * t), 0, month)[0]


def test_transplanted_share_is_the_integral_of_its_rate_among_the_waiting():
    pattern = WAITING + rf"(?:the same, for nobody dies|{NUMBER}%: {NUMBER} points too many)\.$"
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "death-against-transplant"):
        found = re.search(pattern, sentence)
        assert found, sentence
        transplants, deaths, share, month = (float(text) for text in found.groups()[:4])
        assert (transplants, deaths, month) == (
            state["transplants"],
            state["deaths"],
            state["month"],
        )
        rate, other = transplants / 100, deaths / 100
        per_month, ignoring = (ever_by(month, rate, loss) for loss in (rate + other, rate))
        assert abs(100 * per_month - share) <= 0.05 + 1e-6, state
        if deaths:
            said, excess = (float(text) for text in found.groups()[4:])
            assert abs(100 * ignoring - said) <= 0.05 + 1e-6, state
            assert abs(100 * (ignoring - per_month) - excess) <= 0.05 + 1e-6, state
            assert per_month < ignoring
        else:
            assert per_month == pytest.approx(ignoring)
        assert "1 transplants " not in sentence and "1 deaths " not in sentence
        checked += 1
    assert checked == 6 * 8 * 6


@pytest.mark.parametrize(
    ("transplants", "deaths", "month"), [(12, 10, 12), (4, 12, 6), (16, 16, 18), (1, 16, 24)]
)
def test_simulated_patients_are_transplanted_as_often_as_the_sentence_says(
    transplants, deaths, month
):
    pattern = WAITING + rf"{NUMBER}%: {NUMBER} points too many\.$"
    said = next(
        numbers
        for state, numbers in states_and_numbers_where_somebody_dies(pattern)
        if list(state.values()) == [transplants, deaths, month]
    )
    generator = np.random.default_rng(2017)
    to_transplant = generator.exponential(100 / transplants, 40_000)
    to_death = generator.exponential(100 / deaths, 40_000)
    left = generator.uniform(0, 60, 40_000)
    time = np.minimum(np.minimum(to_transplant, to_death), left)
    event = np.select([time == to_transplant, time == to_death], [1, 2], 0)
    fitted = CumIncidenceRight(time, event)
    share = fitted.cinc[0][np.searchsorted(fitted.times, month, "right") - 1]
    naive = 1 - float(KaplanMeierFitter().fit(time, event == 1).predict(month))
    assert abs(100 * share - said[2]) < 1
    assert abs(100 * naive - said[4]) < 1.5


def states_and_numbers_where_somebody_dies(pattern: str):
    for state, sentence in states_and_sentences(CHAPTER, "death-against-transplant"):
        if state["deaths"]:
            found = re.search(pattern, sentence)
            yield state, [float(text) for text in found.groups()]


def test_survivors_of_an_arm_are_counted_head_by_head():
    pattern = (
        rf"^If {NUMBER}% of an arm are transplanted and {NUMBER}% of them and {NUMBER}% of the "
        rf"others are alive at 24 months, {NUMBER}% of the arm are alive: {NUMBER} points are "
        rf"transplanted patients, {NUMBER} are others\. The trial's arms had 22\.8% \(InO\) and "
        rf"10\.0% \(SC\)\.$"
    )
    arm = np.arange(10_000)
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "more-transplants", pattern):
        assert said[:3] == [state["share"], state["after_hsct"], state["others"]]
        transplanted = arm % 100 < state["share"]
        alive = arm // 100 < np.where(transplanted, state["after_hsct"], state["others"])
        counts = [alive.sum(), (alive & transplanted).sum(), (alive & ~transplanted).sum()]
        assert np.all(np.abs(np.array(counts) / 100 - said[3:]) <= 0.05 + 1e-6), state
        checked += 1
    assert checked == 6 * 11 * 5


def test_keeping_the_dead_at_full_weight_is_close_to_the_weights_of_r():
    stored = json.loads((chapters.ROOT / "tests/oracle/transplant.json").read_text("utf-8"))
    chapter = chapters.namespace(CHAPTER)
    for name in ("all", "ph"):
        own = np.log(chapter[f"ratios_{name}"].loc["curve", "ratio"])
        assert 0 < abs(own - stored["fine_gray"][name]) < 0.01


def test_eight_were_lost_before_the_last_transplant():
    """The reason why the weights matter so little, as the chapter says."""
    cohort = chapters.namespace(CHAPTER)["cohort"]
    last = cohort.days[cohort.event == 1].max()
    assert ((cohort.event == 0) & (cohort.days < last)).sum() == 8


def test_gray_finds_nothing_between_equal_arms_and_its_level_is_kept():
    """Under equal rates its chi-square exceeds 3.84 in about 5 of 100 trials."""
    gray = chapters.namespace(CHAPTER)["gray_chi_square"]
    generator = np.random.default_rng(8)
    found = []
    for _ in range(300):
        days = np.ceil(generator.exponential(60, 80))
        event = generator.choice([0, 1, 2], 80, p=[0.1, 0.45, 0.45])
        found.append(gray(days, event, np.repeat(["a", "b"], 40)) > 3.841)
    assert 0.02 <= np.mean(found) <= 0.09


def test_limits_of_the_others_are_those_of_a_simulation():
    """Two inputs drawn at random from their printed intervals, whole trial and transplanted."""
    chapter = chapters.namespace(CHAPTER)
    generator = np.random.default_rng(77)

    def drawn(estimate: float, low: float, high: float) -> np.ndarray:
        return generator.normal(estimate, (high - low) / 3.92, 400_000)

    arm, transplanted = drawn(22.8, 16.7, 29.6), drawn(39, 28, 50)
    share = 77 / 164
    others = (arm - share * transplanted) / (1 - share)
    printed = chapter["implied"].loc["InO (77), 2-year figure"]
    assert np.quantile(others, [0.025, 0.975]) == pytest.approx(
        [printed.lower, printed.upper], abs=0.15
    )
    part = np.quantile(share * transplanted / arm, [0.025, 0.975])
    assert part[0] == pytest.approx(0.5, abs=0.05)
    assert part[1] > 1


def test_overlapping_intervals_hide_a_difference_on_the_border_of_chance():
    """Survival one year after transplant, 44 (33 to 55) and 65 (44 to 79), drawn at random."""
    chapter = chapters.namespace(CHAPTER)
    printed = chapter["apart"].loc[("os", 12)]
    generator = np.random.default_rng(1022)
    gap = generator.normal(44, 22 / 3.92, 400_000) - generator.normal(65, 35 / 3.92, 400_000)
    assert np.quantile(gap, [0.025, 0.975]) == pytest.approx(
        [printed.lower, printed.upper], abs=0.2
    )
    assert 2 * np.mean(gap > 0) == pytest.approx(0.046, abs=0.003)
