"""What the explorers of the chapter on the disease say, by another route than the chapter's.

The first by following 1,000,000 patients through referral and test in expected numbers, and its
way back by root finding; the second by a sum over the counts of one series of exact binomial tails
of the other, in whole numbers. The interval of an exercise is found by an integral, not by draws.
"""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from chapters import namespace
from scipy import integrate, optimize, stats
from states import NUMBER, states_and_numbers, states_and_sentences

CHAPTER = "drug/ph_positive_all"
WORDS = {
    0.5: "half as readily as others",
    1: "as readily as others",
    2: "twice as readily as others",
    4: "four times as readily as others",
}


def reported(share: float, sensitivity: float, specificity: float, k: float) -> float:
    """Reported share, in per cent, from the four streams of a million patients."""
    fusion, healthy = 1_000_000 * share, 1_000_000 * (1 - share)
    highest = max(k, 1)
    fusion_here, healthy_here = fusion * k / highest, healthy / highest
    positive = fusion_here * sensitivity + healthy_here - healthy_here * specificity
    return 100 * positive / (fusion_here + healthy_here)


def test_reported_share_and_the_way_back_in_every_state():
    pattern = (
        rf"^True share {NUMBER}%; sensitivity {NUMBER}%, specificity {NUMBER}%; .*: the centre "
        rf"reports {NUMBER}%\. .* a report of 24% would mean {NUMBER}%, and one of 52\.7% would "
        rf"mean {NUMBER}%\.$"
    )
    checked = 0
    for state, said in states_and_numbers(CHAPTER, "apparent-share", pattern):
        settings = (state["sensitivity"] / 100, state["specificity"] / 100, state["k"])
        assert said[:3] == [state["share"], state["sensitivity"], state["specificity"]]
        assert said[3] == pytest.approx(reported(state["share"] / 100, *settings), abs=0.0501)
        for report, behind in zip((24, 52.7), said[4:], strict=True):
            root = optimize.brentq(lambda p, a=report, s=settings: reported(p, *s) - a, 0, 1)
            assert behind == pytest.approx(100 * root, abs=0.0501), state
        checked += 1
    assert checked == 5 * 5 * 4 * 4


def test_referral_is_said_in_words():
    for state, sentence in states_and_sentences(CHAPTER, "apparent-share"):
        assert f"Ph+ patients referred {WORDS[state['k']]}: the centre" in sentence


def chance_of_gap(first: int, second: int, share: float, gap: Fraction) -> float:
    """Probability that two binomial shares differ by ``gap`` or more, by tails of the second."""
    total = 0.0
    for count in range(first + 1):
        low = math.floor((Fraction(count, first) - gap) * second)
        high = math.ceil((Fraction(count, first) + gap) * second)
        tails = stats.binom.cdf(low, second, share) + stats.binom.sf(high - 1, second, share)
        total += stats.binom.pmf(count, first, share) * tails
    return total


def test_gaps_of_two_fair_series_in_every_state():
    pattern = (
        rf"^With {NUMBER} and {NUMBER} patients and a true share of {NUMBER}% in both, a gap of "
        rf"28\.7 points or more comes in (.+?); "
        rf"at least 95 of 100 gaps are at most (\d+\.\d) points\.$"
    )
    checked = rare = 0
    for state, sentence in states_and_sentences(CHAPTER, "chance-alone"):
        first, second, share, often, within = re.search(pattern, sentence).groups()
        assert [int(first), int(second), int(share)] == list(state.values())
        pair = (int(first), int(second), int(share) / 100)
        expected = chance_of_gap(*pair, Fraction(287, 1000))
        if expected < 0.001:
            assert often == "fewer than 1 in 1,000 pairs", state
            rare += 1
        else:
            assert float(often.removesuffix(" of 100 pairs")) == pytest.approx(
                100 * expected, abs=0.0501
            ), state
        # the stated bound holds for 95 of 100, and a tenth of a point less would not
        bound, hair = Fraction(within) / 100, Fraction(1, 10**9)
        assert 1 - chance_of_gap(*pair, bound + hair) >= 0.95 - 1e-12, state
        assert 1 - chance_of_gap(*pair, bound - Fraction(1, 1000) + hair) < 0.95, state
        checked += 1
    assert checked == 6 * 6 * 5
    assert rare > 0


def test_gaps_agree_with_simulated_series():
    draw = np.random.default_rng(7)
    for first, second, share in [(10, 10, 0.38), (30, 30, 0.38), (10, 120, 0.45)]:
        one = draw.binomial(first, share, 200_000) / first
        other = draw.binomial(second, share, 200_000) / second
        seen = np.mean(np.abs(one - other) >= 0.287)
        exact = chance_of_gap(first, second, share, Fraction(287, 1000))
        assert abs(seen - exact) < 5 * math.sqrt(exact * (1 - exact) / 200_000)


def test_interval_of_the_exercise_by_an_integral():
    def below(share):
        """Posterior probability that positives over sensitivity is at most ``share``."""
        return integrate.quad(
            lambda se: stats.beta.cdf(share * se, 23.5, 90.5) * stats.beta.pdf(se, 10.5, 5.5), 0, 1
        )[0]

    chapter = namespace(CHAPTER)
    drawn = np.quantile(chapter["found"] / chapter["unsure"], [0.025, 0.975])
    for level, limit in zip([0.025, 0.975], drawn, strict=True):
        root = optimize.brentq(lambda share, p=level: below(share) - p, 0.05, 2)
        assert limit == pytest.approx(root, abs=0.002)
    known = np.quantile(chapter["found"] / chapter["sensitivity"], [0.025, 0.975])
    assert known == pytest.approx(stats.beta.ppf([0.025, 0.975], 23.5, 90.5) * 1.5, abs=0.001)
    widths = np.diff(drawn)[0], np.diff(known)[0]
    assert 1.5 < widths[0] / widths[1] < 1.7


def test_every_printed_gap_is_rounded_up():
    rounded_up = namespace(CHAPTER)["rounded_up"]
    for points, shown in [(70 / 3, 23.4), (12.5, 12.5), (100 * (0.3 - 0.1), 20.0), (20.0, 20.0)]:
        assert rounded_up(points) == pytest.approx(shown, abs=1e-12)
