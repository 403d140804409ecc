"""What the explorers of the chapter on the conjugate say, by another route than the chapter's.

The equations are written once more, for one cell, and solved by another method (LSODA); drug loads
come from sums over whole numbers of ways; the steady uptake from solving for the balance of flows.
"""

import math
import re
from functools import cache
from statistics import NormalDist, fmean

import numpy as np
import pytest
from chapters import namespace
from scipy.integrate import odeint
from scipy.optimize import brentq
from states import NUMBER, states_and_sentences

CHAPTER = "drug/cd22_conjugate"
LN_2 = math.log(2)
UPTAKE = {"15 minutes": 0.25, "1 hour": 1.0, "4 hours": 4.0}
EFFLUX = {"none": 0.0, "as fast as inactivation": LN_2 / 12, "8 times as fast": 8 * LN_2 / 12}
COUNT = r"([\d,]+)"


def numbers(pattern: str, sentence: str) -> list[str]:
    found = re.fullmatch(pattern, sentence)
    assert found, sentence
    return list(found.groups())


def whole(text: str) -> float:
    return float(text.replace(",", ""))


@cache
def half_kill() -> float:
    """The chapter's C50, after checking that it does what it was fitted to do."""
    value = float(namespace(CHAPTER)["half_kill"])
    end = follow(0.03, 3470.0, value, (0.0, 48.0))[-1]
    assert math.exp(-end[7]) == pytest.approx(0.5, abs=1e-4)
    return value


def follow(
    nm: float,
    sites: float,
    half_kill_payload: float,
    hours: tuple[float, ...],
    uptake: float = 0.25,
    load: float = 6.0,
    efflux: float = 0.0,
) -> np.ndarray:
    """Free, bound, inside, conjugate, payload, taken up, effluxed, damage at the hours."""

    def change(state, _):
        free, bound, inside, conjugate, payload, *_ = state
        binding = 0.36 * (nm * free - 0.5 * bound)
        swallowed = LN_2 / uptake * bound
        back = LN_2 / 0.05 * inside
        released = LN_2 / 2 * conjugate
        return [
            LN_2 / 12 * (sites - free) - binding + back,
            binding - swallowed,
            0.95 * swallowed - back,
            swallowed - released,
            load * released - (efflux + LN_2 / 12) * payload,
            swallowed,
            efflux * payload,
            0.1 * payload / (payload + half_kill_payload),
        ]

    return odeint(change, [sites, *[0.0] * 7], hours, rtol=1e-9, atol=1e-9, mxstep=50_000)


def test_one_cell_is_that_of_another_solver_in_every_state():
    pattern = (
        rf"{COUNT} sites, uptake half-life (.+), load (\d), efflux (.+), {NUMBER} nM for 48 hours: "
        rf"{COUNT} antibodies are taken up, {COUNT} free payload molecules are in the cell at the "
        rf"end, (nothing is|{COUNT} are) pumped out, and {NUMBER}% of such blasts survive\."
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "one-cell"):
        sites, uptake, load, efflux, nm, taken, payload, words, gone, alive = numbers(
            pattern, sentence
        )
        assert (whole(sites), uptake, int(load)) == (
            state["cd22"], state["uptake"], state["drug_load"],
        )  # fmt: skip
        assert (efflux, float(nm)) == (state["efflux"], state["level"])
        end = follow(
            state["level"], state["cd22"], half_kill(), (0.0, 48.0),
            UPTAKE[uptake], state["drug_load"], EFFLUX[efflux],
        )[-1]  # fmt: skip
        assert whole(taken) == pytest.approx(end[5], rel=1e-5, abs=0.51)
        assert whole(payload) == pytest.approx(end[4], rel=1e-5, abs=0.51)
        assert (words == "nothing is") == (efflux == "none")
        if gone:
            assert whole(gone) == pytest.approx(end[6], rel=1e-5, abs=0.51)
        assert float(alive) == pytest.approx(100 * math.exp(-end[7]), abs=0.051)
        checked += 1
    assert checked == 324


POWERS = {"nearly all 6": 20, "binomial": 1, "wide": 0, "bare or full": -5}


@cache
def batch(name: str) -> tuple[float, ...]:
    ways = [float(math.comb(8, k)) ** POWERS[name] for k in range(9)]

    def mean(odds: float) -> float:
        weights = [way * odds**k for k, way in enumerate(ways)]
        return sum(k * weight for k, weight in enumerate(weights)) / sum(weights)

    odds = math.exp(brentq(lambda log_odds: mean(math.exp(log_odds)) - 6, -30, 40, xtol=1e-13))
    weights = [way * odds**k for k, way in enumerate(ways)]
    return tuple(weight / sum(weights) for weight in weights)


def uptake(nm: float) -> float:
    """Antibodies an hour at which all flows balance, with the sites on the surface unknown."""
    swallow, renewal = LN_2 / 0.25, LN_2 / 12

    def imbalance(free: float) -> float:
        bound = 0.36 * nm * free / (0.18 + swallow)
        return renewal * (3470 - free) - 0.05 * swallow * bound

    free = brentq(imbalance, 0, 3470, xtol=1e-12)
    return swallow * 0.36 * nm * free / (0.18 + swallow)


def test_loads_are_those_of_sums_over_whole_numbers_in_every_state():
    pattern = (
        rf"Batch '(.+)', {NUMBER}% of all antibody added bare, {NUMBER}% extra clearance a day per "
        rf"payload molecule, {NUMBER} nM conjugate on day 0\. On day {NUMBER} the mean over all "
        rf"antibody is {NUMBER}; {NUMBER}% of antibody is bare, {NUMBER}% of the payload sits on "
        r"antibody with 7 or 8, and a median blast takes up (less than 1|\d+)% of the payload that "
        r"it would with the fresh conjugate alone\."
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "load-left"):
        name, *said = numbers(pattern, sentence)
        bare, clearance, nm, day, mean, empty, heavy = map(float, said[:-1])
        assert (name, bare, clearance) == (state["batch"], state["bare"], state["clearance"])
        assert (nm, day) == (state["loaded"], state["day"])
        left = [share * math.exp(-clearance / 100 * day * k) for k, share in enumerate(batch(name))]
        left[0] += bare / (100 - bare)
        payload = [k * amount for k, amount in enumerate(left)]
        assert mean == pytest.approx(sum(payload) / sum(left), abs=0.0051)
        assert empty == pytest.approx(100 * left[0] / sum(left), abs=0.051)
        assert heavy == pytest.approx(100 * (payload[7] + payload[8]) / sum(payload), abs=0.51)
        got = 100 * uptake(nm * sum(left)) * sum(payload) / sum(left) / (6 * uptake(nm))
        if said[-1] == "less than 1":
            assert got < 1
        else:
            assert float(said[-1]) == pytest.approx(got, abs=0.51)
        checked += 1
    assert checked == 216


def test_more_bare_antibody_or_clearance_never_delivers_more():
    got = {}
    for state, sentence in states_and_sentences(CHAPTER, "load-left"):
        text = re.search(r"takes up (less than 1|\d+)%", sentence)[1]
        got[tuple(state.values())] = 0.5 if text.startswith("less") else float(text)
    for (name, bare, clearance, day, nm), value in got.items():
        assert value <= got[name, 0, clearance, day, nm]
        assert value <= got[name, bare, 0, day, nm]
        assert value <= got[name, bare, clearance, 0, nm]


DAYS = (0.0, 48.0, 96.0, 168.0, 336.0)


@cache
def alive(part: float, spread: str, nm: float) -> tuple[float, ...]:
    """Surviving fraction at the days that the explorer offers, averaged over the cells."""
    if part == 0:
        return (1.0,) * len(DAYS)
    points = 41 if spread == "log SD 0.6" else 1
    courses = [
        np.exp(
            -follow(
                nm,
                3470 * part * math.exp(0.6 * NormalDist().inv_cdf((i + 0.5) / points)),
                half_kill(),
                DAYS,
            )[:, 7]
        )
        for i in range(points)
    ]
    return tuple(fmean(each[at] for each in courses) for at in range(len(DAYS)))


def test_the_mixture_is_that_of_another_solver_in_every_state():
    pattern = (
        rf"{NUMBER}% of the blasts have (no CD22|{NUMBER}% of the others' CD22); spread from cell "
        rf"to cell (.+)\. After {NUMBER} days at {NUMBER} nM (fewer than 1|{COUNT}) of a million "
        rf"blasts are alive \((fewer than 1|{COUNT}) of them CD22-low\): (more than 99\.9|{NUMBER})"
        r"% of the survivors are CD22-low\."
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "mixture-left"):
        said = numbers(pattern, sentence)
        share, level = float(said[0]), float(said[2] or 0)
        assert (share, level, said[3]) == (
            state["low_share"], state["low_level"], state["spread"],
        )  # fmt: skip
        assert (float(said[4]), float(said[5])) == (state["days"], state["level"])
        at = DAYS.index(24.0 * state["days"])
        low = share / 100 * alive(level / 100, state["spread"], state["level"])[at]
        others = (1 - share / 100) * alive(1, state["spread"], state["level"])[at]
        for words, value in [(said[6], 1e6 * (low + others)), (said[8], 1e6 * low)]:
            if words == "fewer than 1":
                assert value < 1 + 1e-3
            else:
                assert whole(words) == pytest.approx(value, rel=1e-4, abs=0.51)
        among = 100 * low / (low + others)
        if said[10].startswith("more"):
            assert among > 99.949
        else:
            assert float(said[10]) == pytest.approx(among, abs=0.051)
        checked += 1
    assert checked == 320


def test_what_the_ledgers_rest_on():
    """Exposure purifies the low blasts; a higher level of CD22 among them leaves fewer alive."""
    survivors, low_share = {}, {}
    for state, sentence in states_and_sentences(CHAPTER, "mixture-left"):
        key = tuple(state.values())
        count = re.search(rf"nM (fewer than 1|{COUNT}) of a million", sentence)[1]
        survivors[key] = 0.5 if count.startswith("fewer") else whole(count)
        share = re.search(rf"(more than 99\.9|{NUMBER})% of the survivors", sentence)[1]
        low_share[key] = 99.99 if share.startswith("more") else float(share)
    for (share, level, days, nm, spread), count in survivors.items():
        assert low_share[share, level, days, nm, spread] >= share
        assert count <= survivors[share, 0, days, nm, spread]
        assert low_share[share, level, 14, nm, spread] >= low_share[share, level, 2, nm, spread]
