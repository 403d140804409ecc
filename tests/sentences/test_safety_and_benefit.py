"""What the explorers of the chapter on harms and benefits say, by another route than the chapter's.

The survival curves are drawn anew with the share meant for transplant in the rates, with other
random numbers, and read through the patients' states; death without relapse after transplant is
integrated from the hazards. The chance that a gain outweighs a harm comes from the moments of the
Beta distributions and a bivariate normal curve.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from inobook.illness_death import Hazard, State, simulate_courses
from inobook.synthesis.model import RATES
from scipy import stats
from states import NUMBER, states_and_sentences

CHAPTER = "interpretation/safety_and_benefit"
ARM = RATES["InO", 1]
DAYS_24 = 24 * 30.4375
AFTER_IT = (
    rf"death after it without relapse times {NUMBER} \({NUMBER}% of the transplanted in the first "
    rf"year\) and relapse after it times {NUMBER}"
)
VERDICT = r"all meant is (.+); at 24 months (.+)\.$"
SOME_MEANT = (
    rf"^With {NUMBER}% of responders meant for transplant, {NUMBER}% of the arm are transplanted "
    rf"in remission\. With {AFTER_IT}, and relapse without transplant times {NUMBER}, {NUMBER}% of "
    rf"the arm are alive at 24 months\. Set against each other: {VERDICT}"
)
NONE_MEANT = (
    rf"^With 0% of responders meant for transplant, nobody is transplanted in remission, and with "
    rf"relapse without transplant times {NUMBER}, {NUMBER}% of the arm are alive at 24 months\. "
    rf"Set against all meant, with {AFTER_IT}: {VERDICT}"
)


def times(factor: float, hazard: Hazard) -> Hazard:
    return Hazard(tuple(factor * rate for rate in hazard.per_day), hazard.from_day)


def rates(meant: float, after: float, without: float):
    return replace(
        ARM,
        transplant_probability=meant,
        relapse_mrd_negative=times(without, ARM.relapse_mrd_negative),
        relapse_mrd_positive=times(without, ARM.relapse_mrd_positive),
        relapse_after_transplant_mrd_negative=times(
            after, ARM.relapse_after_transplant_mrd_negative
        ),
        relapse_after_transplant_mrd_positive=times(
            after, ARM.relapse_after_transplant_mrd_positive
        ),
    )


def model_states():
    """State, [meant, transplanted, toxicity, dead in a year, after, without, alive], verdict."""
    for state, sentence in states_and_sentences(CHAPTER, "transplants-against-toxicity"):
        if state["meant"] == 0:
            found = re.match(NONE_MEANT, sentence)
            assert found, sentence
            without, alive, toxicity, year, after = (float(found[i]) for i in range(1, 6))
            numbers = [0.0, 0.0, toxicity, year, after, without, alive]
            yield state, numbers, found[6], found[7]
        else:
            found = re.match(SOME_MEANT, sentence)
            assert found, sentence
            yield state, [float(text) for text in found.groups()[:7]], found[8], found[9]


def share(meant: float) -> float:
    """The share meant behind a stop of the control: 56% stands for 9 of 16."""
    return 9 / 16 if meant == 56 else meant / 100


def test_each_sentence_names_its_setting_and_survivors_lie_on_a_line_between_none_and_all():
    said, checked = {}, 0
    for state, numbers, _, _ in model_states():
        meant, reached, toxicity, _, after, without, alive = numbers
        assert [meant, toxicity, after, without] == [
            state[name] for name in ("meant", "toxicity", "after_rate", "without")
        ]
        said[meant, toxicity, after, without] = reached, alive
        checked += 1
    assert checked == 6 * 5 * 3 * 4
    for (meant, *others), numbers in said.items():
        ends = [np.array(said[end, *others]) for end in (0, 100)]
        expected = ends[0] + share(meant) * (ends[1] - ends[0])
        assert np.abs(expected - numbers).max() <= 1.01, (meant, others)


def test_death_without_relapse_in_the_first_year_lies_between_the_integrals_by_mrd():
    day = np.arange(0, 365, 0.25) + 0.125
    for state, numbers, _, _ in model_states():
        death = times(state["toxicity"], ARM.death_after_transplant)
        by_mrd = []
        for name in ("positive", "negative"):
            relapse = times(
                state["after_rate"], getattr(ARM, f"relapse_after_transplant_mrd_{name}")
            )
            intensity = np.diff(death.cumulative(np.append(day - 0.125, 365)))
            still_free = np.exp(-death.cumulative(day) - relapse.cumulative(day))
            by_mrd.append(100 * np.sum(intensity * still_free))
        assert by_mrd[0] - 1 <= numbers[3] <= by_mrd[1] + 1, (state, by_mrd)


@pytest.mark.parametrize(
    ("meant", "toxicity", "after", "without"),
    [(0, 1.0, 1.0, 1.0), (100, 1.0, 1.0, 1.0), (100, 2.0, 1.0, 1.0), (50, 3.0, 2.0, 0.1),
     (100, 1.0, 1.0, 0.1), (75, 0.5, 0.5, 0.25), (25, 1.5, 2.0, 0.5), (100, 3.0, 0.5, 0.25),
     (56, 1.0, 1.0, 1.0)],
)  # fmt: skip
def test_patients_drawn_anew_are_alive_as_often_as_the_sentence_says(
    meant, toxicity, after, without
):
    wanted = {"meant": meant, "toxicity": toxicity, "after_rate": after, "without": without}
    numbers = next(each for state, each, _, _ in model_states() if state == wanted)
    courses = simulate_courses(
        rates(share(meant), after, without),
        np.random.default_rng(2026),
        60_000,
        transplant_toxicity=toxicity,
    )
    alive = np.mean(courses.state_on(DAYS_24) != State.DEAD)
    assert abs(100 * alive - numbers[6]) <= 1.1
    assert abs(100 * courses.transplanted_in_remission.mean() - numbers[1]) <= 1.2


def test_the_verdict_goes_with_the_survivors_of_both_extremes():
    alive = {}
    for state, numbers, _, _ in model_states():
        alive[tuple(state.values())] = numbers[6]
    for state, _, lead, verdict in model_states():
        others = (state["toxicity"], state["after_rate"], state["without"])
        gap = alive[100, *others] - alive[0, *others]
        assert lead.startswith(("at no time 2 points", "2 points or more behind none meant ")), lead
        if verdict == "all meant and none meant are about level":
            assert abs(gap) <= 2 and "to the end" not in lead, state
            continue
        found = re.fullmatch(
            rf"{NUMBER} points (more|fewer) of the arm are alive if all are meant than if none is",
            verdict,
        )
        assert found, verdict
        points = float(found[1]) * (1 if found[2] == "more" else -1)
        assert abs(points) >= 2 and abs(points - gap) <= 1, state
        assert ("to the end" in lead) == (points < 0), state


@pytest.mark.parametrize("toxicity, without", [(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (1.0, 0.1)])
def test_the_months_behind_come_again_with_other_random_numbers(toxicity, without):
    day = np.arange(0, 24.5, 0.5) * 30.4375
    ends = [
        simulate_courses(
            rates(meant, 1.0, without),
            np.random.default_rng(8),
            60_000,
            transplant_toxicity=toxicity,
        ).state_on
        for meant in (0, 1)
    ]
    none, every = (
        np.array([np.mean(state_on(each) != State.DEAD) for each in day]) for state_on in ends
    )
    behind = day[every - none <= -0.015] / 30.4375
    wanted = {"meant": 100, "toxicity": toxicity, "after_rate": 1.0, "without": without}
    lead = next(lead for state, _, lead, _ in model_states() if state == wanted)
    first, last = re.search(rf"from about month {NUMBER} to month {NUMBER}$", lead).groups()
    assert abs(float(first) - behind[0]) <= 1 and abs(float(last) - behind[-1]) <= 1.5


# --- the weight of a harm ------------------------------------------------------------------

WEIGHT = (
    r"^Benefit: (.+)\. Harm: (.+)\. If one of these VODs is set against (.+), with correlation "
    r"([−\d.]+)( \(the margins allow no (?:more|less)\))?, the net benefit is ([−\d]+) ([a-z -]+) "
    r"per 100 patients \(95% of draws ([−\d]+) to ([−\d]+)\), and the gain outweighs the harm in "
    r"(.+) of the draws\.$"
)
VODS = {"every VOD": 23, "survived VOD": 18}
COUNTS = {
    "remission, whole trial": (121, 164, 50, 162),
    "remission, Ph+": (16, 22, 15, 27),
    "transplant, Ph+": (9, 22, 5, 27),
}


def moments(a: int, m: int, b: int, n: int) -> tuple[float, float]:
    """Mean and standard deviation of a difference of two Jeffreys posteriors, in points."""
    one, two = stats.beta(a + 0.5, m - a + 0.5), stats.beta(b + 0.5, n - b + 0.5)
    return 100 * (one.mean() - two.mean()), 100 * np.hypot(one.std(), two.std())


PRINTED = {
    "alive at 24 months, whole trial": ((22.8, 16.7, 29.6), (10.0, 5.7, 15.5)),
    "alive at 12 months, whole trial": ((33.6, 26.4, 40.9), (32.0, 24.7, 39.6)),
}


def gain_moments(benefit: str) -> tuple[float, float]:
    if benefit in COUNTS:
        return moments(*COUNTS[benefit])
    one, two = PRINTED[benefit]
    return one[0] - two[0], np.hypot(one[2] - one[1], two[2] - two[1]) / (2 * 1.96)


def gain_estimate(benefit: str) -> float:
    if benefit not in COUNTS:
        return gain_moments(benefit)[0]
    a, m, b, n = COUNTS[benefit]
    return 100 * (a / m - b / n)


def shares(benefit: str) -> tuple[float, float]:
    if benefit in COUNTS:
        a, m, b, n = COUNTS[benefit]
        return a / m, b / n
    return tuple(arm[0] / 100 for arm in PRINTED[benefit])


def bounds(benefit: str, vods: int) -> tuple[float, float]:
    """Least and largest correlation of the differences, by tables of 2 x 2 patients in each arm."""
    ends = []
    for most in (False, True):
        covariance = 0.0
        for p, q, n in zip(shares(benefit), (vods / 164, 3 / 143), (164, 162), strict=True):
            grid = np.linspace(0, 1, 200_001)  # share with both
            possible = grid[(grid <= min(p, q)) & (1 - p - q + grid >= 0)]
            covariance += ((possible.max() if most else possible.min()) - p * q) / n
        sds = gain_moments(benefit)[1] * moments(vods, 164, 3, 143)[1]
        ends.append(100**2 * covariance / sds)
    return ends[0], ends[1]


def read(text: str) -> float:
    return float(text.replace("−", "-"))


def test_net_benefit_and_chance_follow_from_the_moments():
    limits = {
        (each, name): bounds(each, n) for each in (*COUNTS, *PRINTED) for name, n in VODS.items()
    }
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "weight-of-a-harm"):
        found = re.match(WEIGHT, sentence)
        assert found, sentence
        benefit, counted = state["benefit"], state["counted"]
        assert found[1] == benefit and found[2] == counted
        low, high = limits[benefit, counted]
        used = read(found[4])
        assert low - 0.01 <= used <= high + 0.01, sentence
        assert (found[5] is None) == (used == state["correlation"]), sentence
        assert abs(used - np.clip(state["correlation"], low, high)) <= 0.015, sentence
        weight, vods = state["weight"], VODS[counted]
        assert found[3].startswith("nothing" if weight == 0 else f"{weight:g} "), sentence
        harm, harm_sd = moments(vods, 164, 3, 143)
        gain, gain_sd = gain_moments(benefit)
        estimate = gain_estimate(benefit) - weight * 100 * (vods / 164 - 3 / 143)
        assert abs(read(found[6]) - estimate) <= 0.51, sentence
        assert found[7].endswith("s") == (abs(read(found[6])) != 1), sentence
        net = gain - weight * harm
        covariance = used * gain_sd * harm_sd
        sd = np.sqrt(gain_sd**2 + weight**2 * harm_sd**2 - 2 * weight * covariance)
        assert abs(read(found[8]) - (net - 1.96 * sd)) <= 0.5 + 0.12 * sd, sentence
        assert abs(read(found[9]) - (net + 1.96 * sd)) <= 0.5 + 0.12 * sd, sentence
        chance = 100 * stats.norm.cdf(net / sd)
        if found[10] == "fewer than 1%":
            assert chance < 2.5, sentence
        elif found[10] == "more than 99%":
            assert chance > 98, sentence
        else:
            assert abs(float(found[10].rstrip("%")) - chance) <= 3, sentence
        checked += 1
    assert checked == 5 * 8 * 2 * 3


@pytest.mark.parametrize(
    ("benefit", "weight"),
    [("alive at 24 months, whole trial", 1), ("remission, Ph+", 0.5), ("transplant, Ph+", 2)],
)
def test_independent_draws_with_other_random_numbers_agree(benefit, weight):
    rng = np.random.default_rng(99)

    def drawn(x, n):
        return stats.beta(x + 0.5, n - x + 0.5).rvs(200_000, random_state=rng)

    harm = 100 * (drawn(23, 164) - drawn(3, 143))
    if benefit in COUNTS:
        a, m, b, n = COUNTS[benefit]
        gain = 100 * (drawn(a, m) - drawn(b, n))
    else:
        gain = rng.normal(*gain_moments(benefit), 200_000)
    wanted = {"benefit": benefit, "weight": weight, "counted": "every VOD", "correlation": 0.0}
    sentence = next(
        text for state, text in states_and_sentences(CHAPTER, "weight-of-a-harm") if state == wanted
    )
    said = float(re.match(WEIGHT, sentence)[10].rstrip("%"))
    assert abs(100 * np.mean(gain > weight * harm) - said) <= 1.3
