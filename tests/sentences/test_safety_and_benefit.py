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
MODEL = (
    rf"^With {NUMBER}% of responders meant for transplant, {NUMBER}% of the arm are transplanted "
    rf"in remission\. Death after it without relapse times {NUMBER} \({NUMBER}% in the first "
    rf"year\), relapse after it times {NUMBER} and without it times {NUMBER}: {NUMBER}% of the arm "
    r"are alive at 24 months\. All meant is (.+); at 24 months (.+)\.$"
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
    for state, sentence in states_and_sentences(CHAPTER, "transplants-against-toxicity"):
        found = re.match(MODEL, sentence)
        assert found, sentence
        yield state, [float(text) for text in found.groups()[:7]], found[8], found[9]


def test_each_sentence_names_its_setting_and_survivors_lie_on_a_line_between_none_and_all():
    said, checked = {}, 0
    for state, numbers, _, _ in model_states():
        meant, reached, toxicity, _, after, without, alive = numbers
        assert [meant, toxicity, after, without] == [
            state[name] for name in ("meant", "toxicity", "after_rate", "without")
        ]
        said[meant, toxicity, after, without] = reached, alive
        checked += 1
    assert checked == 5 * 5 * 3 * 4
    for (meant, *others), numbers in said.items():
        ends = [np.array(said[end, *others]) for end in (0, 100)]
        expected = ends[0] + meant / 100 * (ends[1] - ends[0])
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
     (100, 1.0, 1.0, 0.1), (75, 0.5, 0.5, 0.25), (25, 1.5, 2.0, 0.5), (100, 3.0, 0.5, 0.25)],
)  # fmt: skip
def test_patients_drawn_anew_are_alive_as_often_as_the_sentence_says(
    meant, toxicity, after, without
):
    wanted = {"meant": meant, "toxicity": toxicity, "after_rate": after, "without": without}
    numbers = next(each for state, each, _, _ in model_states() if state == wanted)
    courses = simulate_courses(
        rates(meant / 100, after, without),
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
        if verdict == "all meant and none meant are about level":
            assert abs(gap) <= 2, state
            continue
        found = re.fullmatch(
            rf"{NUMBER} points (more|fewer) of the arm are alive if all are meant than if none is",
            verdict,
        )
        assert found, verdict
        points = float(found[1]) * (1 if found[2] == "more" else -1)
        assert abs(points - gap) <= 1, state
        assert lead == "never behind" or lead.startswith("behind none meant")
        assert ("start to end" in lead) == (points < 0), state


# --- the weight of a harm ------------------------------------------------------------------

WEIGHT = (
    r"^Benefit: (.+)\. If one VOD weighs as much as (.+) and gain and harm have correlation "
    r"([−\d.]+), the net benefit is ([−\d]+) ([\w -]+) per 100 patients \(95% of draws ([−\d]+) to "
    r"([−\d]+)\), and the gain outweighs the harm in (.+) of the draws\.$"
)
COUNTS = {
    "remission, whole trial": (121, 164, 50, 162),
    "remission, Ph+": (16, 22, 15, 27),
    "transplant, Ph+": (9, 22, 5, 27),
}


def moments(a: int, m: int, b: int, n: int) -> tuple[float, float]:
    """Mean and standard deviation of a difference of two Jeffreys posteriors, in points."""
    one, two = stats.beta(a + 0.5, m - a + 0.5), stats.beta(b + 0.5, n - b + 0.5)
    return 100 * (one.mean() - two.mean()), 100 * np.hypot(one.std(), two.std())


def gain_moments(benefit: str) -> tuple[float, float]:
    if benefit in COUNTS:
        return moments(*COUNTS[benefit])
    return 22.8 - 10.0, np.hypot(29.6 - 16.7, 15.5 - 5.7) / (2 * 1.96)


def read(text: str) -> float:
    return float(text.replace("−", "-"))


def test_net_benefit_and_chance_follow_from_the_moments():
    harm, harm_sd = moments(23, 164, 3, 143)
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "weight-of-a-harm"):
        found = re.match(WEIGHT, sentence)
        assert found, sentence
        assert found[1] == state["benefit"] and read(found[3]) == state["correlation"]
        weight = state["weight"]
        assert found[2].startswith("nothing" if weight == 0 else f"{weight:g} "), sentence
        gain, gain_sd = gain_moments(state["benefit"])
        net = gain - weight * harm
        covariance = state["correlation"] * gain_sd * harm_sd
        sd = np.sqrt(gain_sd**2 + weight**2 * harm_sd**2 - 2 * weight * covariance)
        assert abs(read(found[4]) - net) <= 0.5 + 0.4, sentence
        assert abs(read(found[6]) - (net - 1.96 * sd)) <= 0.5 + 0.12 * sd, sentence
        assert abs(read(found[7]) - (net + 1.96 * sd)) <= 0.5 + 0.12 * sd, sentence
        chance = 100 * stats.norm.cdf(net / sd)
        if found[8] == "fewer than 1%":
            assert chance < 2.5, sentence
        elif found[8] == "more than 99%":
            assert chance > 98, sentence
        else:
            assert abs(float(found[8].rstrip("%")) - chance) <= 3, sentence
        checked += 1
    assert checked == 4 * 8 * 3


@pytest.mark.parametrize(
    ("benefit", "weight"),
    [("alive at 24 months, whole trial", 1), ("remission, Ph+", 0.5), ("transplant, Ph+", 2)],
)
def test_independent_draws_with_other_random_numbers_agree(benefit, weight):
    rng = np.random.default_rng(99)

    def share(x, n):
        return stats.beta(x + 0.5, n - x + 0.5).rvs(200_000, random_state=rng)

    harm = 100 * (share(23, 164) - share(3, 143))
    if benefit in COUNTS:
        a, m, b, n = COUNTS[benefit]
        gain = 100 * (share(a, m) - share(b, n))
    else:
        gain = rng.normal(*gain_moments(benefit), 200_000)
    wanted = {"benefit": benefit, "weight": weight, "correlation": 0.0}
    sentence = next(
        text for state, text in states_and_sentences(CHAPTER, "weight-of-a-harm") if state == wanted
    )
    said = float(re.match(WEIGHT, sentence)[8].rstrip("%"))
    assert abs(100 * np.mean(gain > weight * harm) - said) <= 1.3
