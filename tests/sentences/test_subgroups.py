"""What the explorers of the chapter on subgroups say, by another route than the chapter's.

A multivariate normal distribution function (and the binomial formula) instead of a quadrature over
one shared factor; the posterior of a ratio added up over a fine grid instead of a formula.
"""

import math
import re
from functools import cache

import numpy as np
import pytest
from scipy import integrate, stats
from states import NUMBER, states_and_numbers, states_and_sentences

CHAPTER = "interpretation/subgroups"
TOTAL = 258


def in_hundred(words: str) -> tuple[float, float]:
    """The chances, in 100, that the words leave open."""
    if words == "fewer than 1":
        return 0, 0.5
    if words == "more than 99":
        return 99.5, 100
    return float(words) - 0.5, float(words) + 0.5


@cache
def at_least_one(subgroups: int, deaths: int, hr: float, line: float, overlap: float) -> float:
    distance = math.log(line / hr) / math.sqrt(4 / deaths)
    if overlap == 0:
        return 1 - stats.norm.cdf(distance) ** subgroups

    def none(shared):
        inside = stats.norm.cdf((distance - math.sqrt(overlap) * shared) / math.sqrt(1 - overlap))
        return inside**subgroups * stats.norm.pdf(shared)

    return 1 - integrate.quad(none, -9, 9, points=[-3, 0, 3], limit=200)[0]


def test_a_shared_factor_is_a_multivariate_normal():
    overlap, count = 43 / TOTAL, 6
    covariance = np.full((count, count), overlap) + (1 - overlap) * np.eye(count)
    distance = math.log(1.17 / 0.75) / math.sqrt(4 / 43)
    inside = stats.multivariate_normal.cdf(
        np.full(count, distance), np.zeros(count), covariance, rng=np.random.default_rng(3)
    )
    assert at_least_one(count, 43, 0.75, 1.17, overlap) == pytest.approx(1 - inside, abs=1e-3)


COUNT = r"(fewer than 1|more than 99|\d+)"


def test_false_signals_in_every_state():
    several = re.compile(
        rf"^With a true hazard ratio of {NUMBER} in everybody, at least one of {NUMBER} "
        rf"overlapping subgroups of {NUMBER} deaths each shows {NUMBER} or more in "
        rf"{COUNT} of 100 trials \((?:of separate patients, in {COUNT}|separate "
        rf"patients would allow no more than {NUMBER})\)\.$"
    )
    single = re.compile(
        rf"^With a true hazard ratio of {NUMBER} in everybody, 1 subgroup of {NUMBER} deaths shows "
        rf"{NUMBER} or more in {COUNT} of 100 trials\.$"
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "false-signals"):
        count, deaths, hr, line = (state[key] for key in ("subgroups", "deaths", "hr", "line"))
        overlapping = 100 * at_least_one(count, deaths, hr, line, deaths / TOTAL)
        if count == 1:
            said = single.match(sentence)
            assert said, sentence
            assert [float(text) for text in said.groups()[:3]] == [hr, deaths, line]
            low, high = in_hundred(said[4])
        else:
            said = several.match(sentence)
            assert said, sentence
            assert [float(text) for text in said.groups()[:4]] == [hr, count, deaths, line]
            low, high = in_hundred(said[5])
            room = TOTAL // deaths
            assert (said[6] is None) == (count > room)
            if said[6] is None:
                assert int(said[7]) == room
            else:
                least, most = in_hundred(said[6])
                apart = 100 * at_least_one(count, deaths, hr, line, 0)
                assert least - 1e-6 <= apart <= most + 1e-6, sentence
        assert low - 1e-6 <= overlapping <= high + 1e-6, sentence
        checked += 1
    assert checked == 384


BELIEF = (
    rf"^Belief: groups scatter about {NUMBER} with τ = {NUMBER}\. "
    rf"Data: 1\.17 on (?:about )?{NUMBER} deaths"
    r"(?:, an imagined trial| \(derived\))\. "
    rf"Best guess for Ph\+: {NUMBER}, 95% from {NUMBER} to {NUMBER}; "
)
LOGS = np.linspace(-6, 6, 48_001)


def test_belief_in_every_state_against_a_grid():
    implied = math.log(2.14 / 0.64) / (2 * stats.norm.ppf(0.975))
    chances = [sentence for _, sentence in states_and_sentences(CHAPTER, "belief")]
    checked = 0
    for (state, said), sentence in zip(
        states_and_numbers(CHAPTER, "belief", BELIEF), chances, strict=True
    ):
        centre, tau, deaths, best, low, high = said
        assert (centre, tau, deaths) == (state["centre"], state["tau"], state["deaths"])
        assert ("imagined" in sentence) == (deaths != 42)
        height = stats.norm.logpdf(LOGS, math.log(centre), tau)
        height += stats.norm.logpdf(LOGS, math.log(1.17), implied * math.sqrt(42 / deaths))
        share = np.exp(height - height.max())
        below = np.cumsum(share) / share.sum()
        for chance, value in ((0.025, low), (0.5, best), (0.975, high)):
            assert math.exp(np.interp(chance, below, LOGS)) == pytest.approx(value, abs=0.0052)
        harm = 100 * share[LOGS > 0].sum() / share.sum()
        words = sentence.rsplit(": ", 1)[1].rstrip(".")
        if words == "less than 1%":
            assert harm < 0.51
        elif words == "more than 99%":
            assert harm > 99.49
        else:
            assert harm == pytest.approx(float(words.rstrip("%")), abs=0.52)
        checked += 1
    assert checked == 144


def test_more_scatter_brings_the_guess_nearer_to_the_data():
    guesses: dict[tuple[float, int], list[float]] = {}
    for state, said in states_and_numbers(CHAPTER, "belief", BELIEF):
        guesses.setdefault((state["centre"], state["deaths"]), []).append(abs(said[3] - 1.17))
    for distances in guesses.values():
        assert distances == sorted(distances, reverse=True)
