"""What the explorers of the chapter on interim analyses say, by another route than the chapter's.

Gauss-Legendre integration of the score, checked against the multivariate normal; the rest of a
trial as a trial of its own, and numerical averaging, instead of the formulas for conditional and
predictive power.
"""

import re
from functools import cache

import chapters
import numpy as np
import pytest
from scipy import integrate, stats
from states import NUMBER, states_and_numbers, states_and_sentences

CHAPTER = "design/interim_analyses"
LOOKS = "looks-and-spending"
HALFWAY = "half-finished-trial"
WHOLE = "the whole share at each look"
LAST = stats.norm.isf(0.0104)


def budget_spent(name: str, share: float, t: np.ndarray) -> np.ndarray:
    """Alpha spent by t, one-sided, written out again from the chapter's formulas."""
    alpha = share / 2
    if name == "O'Brien-Fleming type":
        return 2 * (1 - stats.norm.cdf(stats.norm.ppf(1 - alpha / 2) / np.sqrt(t)))
    if name == "Pocock type":
        return alpha * np.log(1 + (np.e - 1) * t)
    assert name == "even"
    return alpha * t


NODES, WEIGHTS = np.polynomial.legendre.leggauss(160)


@cache
def inside_of(times, lower, upper, drift):
    """Chance that z stays within all edges: the score's density, carried from look to look."""
    before, score, mass = 0.0, np.array([0.0]), np.array([1.0])
    for t, low, high in zip(times, lower, upper, strict=True):
        step = t - before
        low, high = (max(min(edge * t**0.5, 9), -9) for edge in (low, high))
        here = (low + high) / 2 + (high - low) / 2 * NODES
        width = step**0.5
        weights = (high - low) / 2 * WEIGHTS
        density = stats.norm.pdf(here[:, None], score + drift * step, width) @ mass
        before, score, mass = t, here, weights * density
    return float(mass.sum())


def inside(times, edges, drift=0.0, two_sided=False):
    lower = -edges if two_sided else np.full(len(edges), -20.0)
    return inside_of(tuple(times), tuple(lower), tuple(edges), float(drift))


@pytest.mark.parametrize("drift", [0, 2.8])
def test_the_carried_density_is_a_multivariate_normal(drift):
    t, edges = np.array([0.3, 0.7, 1]), np.array([2.9, 2.6, 2.3])
    shared = np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))
    z = stats.multivariate_normal(drift * np.sqrt(t), shared)
    by_library = z.cdf(edges, rng=np.random.default_rng(1))
    assert inside(t, edges, drift) == pytest.approx(by_library, abs=5e-5)


@pytest.fixture(scope="module")
def designs():
    return chapters.namespace(CHAPTER)["DESIGNS"]


def test_edges_spend_the_budget(designs):
    checked = 0
    for (_, budget, share, _), (deaths, edges, _, _) in designs.items():
        t = deaths / 252
        assert t[-1] == 1
        if budget == WHOLE:
            assert edges == pytest.approx(stats.norm.ppf(1 - share / 2))
            continue
        for look in range(1, len(t) + 1):
            spent = 1 - inside(t[:look], edges[:look]) if look > 1 else stats.norm.sf(edges[0])
            assert spent == pytest.approx(budget_spent(budget, share, t[look - 1]), abs=1e-7)
            checked += 1
    assert checked == 3 * 2 * 4 * (2 + 3 + 5)


P_TEXT = r"\d\.\d{4,5}"


def test_sentences_print_the_looks_and_their_p_values(designs):
    pattern = rf"at ([\d, and]+) deaths, (.*), share {NUMBER}: two-sided P must be below (.*?)\. "
    for state, sentence in states_and_sentences(CHAPTER, LOOKS):
        key = tuple(state[name] for name in ("looks", "budget", "share", "first_look"))
        deaths, edges, _, _ = designs[key]
        found = re.search(pattern, sentence)
        planned = np.round(np.linspace(state["first_look"] * 2.52, 252, state["looks"]))
        assert [int(text) for text in re.findall(r"\d+", found[1])] == list(deaths) == list(planned)
        assert (found[2], float(found[3])) == (state["budget"], state["share"])
        printed = re.findall(P_TEXT, found[4])
        assert len(printed) == len(edges)
        for text, edge in zip(printed, edges, strict=True):
            p = 2 * (1 - stats.norm.cdf(edge))
            assert float(text) > 0
            assert abs(float(text) - p) <= 0.5 * 10.0 ** -len(text[2:]) + 1e-9


def test_cost_in_the_sentence_keeps_the_power_or_is_the_error(designs):
    seen = set()
    for state, sentence in states_and_sentences(CHAPTER, LOOKS):
        key = tuple(state[name] for name in ("looks", "budget", "share", "first_look"))
        if key in seen:
            continue
        seen.add(key)
        deaths, edges, _, _ = designs[key]
        t = deaths / 252
        if state["budget"] == WHOLE:
            said = re.search(rf"error is {NUMBER}% instead of {NUMBER}%", sentence)
            error = 100 * (1 - inside(t, edges, two_sided=True))
            assert abs(float(said[1]) - error) <= 0.05 + 0.01
            assert float(said[2]) == pytest.approx(100 * state["share"])
        else:
            said = re.search(
                rf"For 80% power its largest number of deaths is (under )?{NUMBER}% above", sentence
            )
            fixed = stats.norm.isf(state["share"] / 2) + stats.norm.ppf(0.8)
            more = float(said[2])
            assert not said[1] or said[2] == "0.1"
            bounds = (-1e-4, 0.06) if said[1] else (more - 0.06, more + 0.06)
            drifts = [fixed * np.sqrt(1 + percent / 100) for percent in bounds]
            low, high = (1 - inside(t, edges, drift) for drift in drifts)
            assert low < 0.8 < high, (state, low, high)
    assert len(seen) == 96


def test_crossing_in_every_state_is_that_of_the_multivariate_normal(designs):
    pattern = (
        rf"ratio of {NUMBER} it .* in {NUMBER} of 100 trials, in {NUMBER} at the first look, "
        rf"and ends after {NUMBER} deaths on average\."
    )
    checked = 0
    for state, (ratio, total, first, mean) in states_and_numbers(CHAPTER, LOOKS, pattern):
        key = tuple(state[name] for name in ("looks", "budget", "share", "first_look"))
        deaths, edges, _, _ = designs[key]
        t = deaths / 252
        drift = -np.log(state["ratio"]) * np.sqrt(63)
        assert ratio == state["ratio"]
        assert abs(total - 100 * (1 - inside(t, edges, drift))) <= 0.05 + 0.01
        assert abs(first - 100 * (1 - stats.norm.cdf(edges[0] - drift * t[0] ** 0.5))) <= 0.0501
        going_on = [inside(t[:look], edges[:look], drift) for look in range(1, len(t))]
        expected = deaths[0] + np.dot(np.diff(deaths), going_on)
        assert abs(mean - expected) <= 0.5 + 0.02
        checked += 1
    assert checked == 384


CHANCE = r"(fewer than 1|more than 99|\d+)"


def agrees(said: str, chance: float) -> bool:
    if said == "fewer than 1":
        return chance < 0.005 + 1e-9
    if said == "more than 99":
        return chance > 0.995 - 1e-9
    return abs(float(said) - 100 * chance) <= 0.5 + 1e-6


def test_the_rest_is_a_trial_of_its_own():
    """The last z is the weighted sum of the z seen and that of the remaining deaths alone."""
    pattern = (
        rf"^At {NUMBER} of {NUMBER} deaths the hazard ratio stands at {NUMBER} \(z (−?[\d.]+)\)\. "
        rf"If the rest (goes on as observed|follows [\d.]+), {CHANCE} of 100 such trials "
        rf"(cross|crosses) the last boundary\. Predictive power, flat prior: {CHANCE} of 100\.$"
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, HALFWAY):
        found = re.search(pattern, sentence)
        assert found, sentence
        seen, planned, ratio = int(found[1]), int(found[2]), float(found[3])
        assert abs(seen - state["percent"] * planned / 100) <= 0.5
        assert (planned, ratio) == (state["planned"], state["seen"])
        z = -np.log(ratio) / (2 / np.sqrt(seen))
        assert abs(float(found[4].replace("−", "-")) - z) <= 0.005 + 1e-9
        left = planned - seen
        needed = (LAST * np.sqrt(planned) - z * np.sqrt(seen)) / np.sqrt(left)

        def success(log_ratio, left=left, needed=needed):
            return stats.norm.sf(needed + log_ratio * np.sqrt(left) / 2)

        rest = ratio if found[5].startswith("goes") else float(found[5].split()[-1])
        assert found[5].startswith("goes") == (state["rest"] == "as observed so far")
        assert agrees(found[6], success(np.log(rest))), (state, sentence)
        assert (found[7] == "crosses") == (found[6] in ("1", "fewer than 1"))
        spread = 2 / np.sqrt(seen)
        grid = np.linspace(-9, 9, 3001)
        weighted = success(np.log(ratio) + spread * grid) * stats.norm.pdf(grid)
        assert agrees(found[8], integrate.simpson(weighted, x=grid)), (state, sentence)
        checked += 1
    assert checked == 360


def test_ledger_only_one_time_offered_gives_the_published_boundary():
    """Two looks in all, share 0.025: 87% under the O'Brien-Fleming type and none under Pocock's."""
    hits = {
        (state["budget"], state["first_look"])
        for state, sentence in states_and_sentences(CHAPTER, LOOKS)
        if (state["looks"], state["share"]) == (2, 0.025) and "and 0.0208." in sentence
    }
    assert hits == {("O'Brien-Fleming type", 87)}
