"""What the explorers of the chapter on the conjugate say, by another route than the chapter's.

The equations are written once more, for one cell, and solved by another method (LSODA); drug loads
come from sums over whole numbers of ways, each payload molecule followed on its own in small steps;
the steady uptake from solving for the balance of flows; a mixture from Gauss-Legendre integration
over the normal density.
"""

import math
import re
from functools import cache
from statistics import NormalDist

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


def three_digits(value: float):
    """What a number printed with three significant digits, or without decimals, may be."""
    return pytest.approx(value, rel=0.00501, abs=0.501)


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
        rf"{COUNT} sites, uptake half-life (.+), load (\d), (no efflux|efflux .+), {NUMBER} nM "
        r"for 48 hours: "
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
        pump = "none" if efflux == "no efflux" else efflux.removeprefix("efflux ")
        assert (pump, float(nm)) == (state["efflux"], state["level"])
        end = follow(
            state["level"], state["cd22"], half_kill(), (0.0, 48.0),
            UPTAKE[uptake], state["drug_load"], EFFLUX[pump],
        )[-1]  # fmt: skip
        assert whole(taken) == three_digits(end[5])
        assert whole(payload) == three_digits(end[4])
        assert (words == "nothing is") == (pump == "none")
        if gone:
            assert whole(gone) == three_digits(end[6])
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


def left_of(name: str, lost: float, clearance: float, day: float) -> list[float]:
    """Amounts with 0 to 8 after so many days, from many small steps; each molecule by itself.

    On a filled place, in a small step, the molecule comes off, or its antibody is cleared, or
    neither. Antibody with k keeps j: choose which j, the others came off before a clearance.
    """
    off, gone = -math.log(1 - lost / 100), clearance / 100
    steps = 2000
    filled, emptied = 1.0, 0.0
    for _ in range(steps):
        middle = filled * math.exp(-(off + gone) * day / steps / 2)
        emptied += off * middle * day / steps
        filled *= math.exp(-(off + gone) * day / steps)
    return [
        sum(
            share * math.comb(k, j) * filled**j * emptied ** (k - j)
            for k, share in enumerate(batch(name))
            if k >= j
        )
        for j in range(9)
    ]


def test_loads_are_those_of_single_molecules_in_every_state():
    pattern = (
        rf"Batch '(.+)', (no|{NUMBER}%) (?:of the )?payload lost from the antibody(?: a day)?, "
        rf"(no|{NUMBER}%) extra clearance(?: a day per payload molecule)?\. On day {NUMBER} the "
        rf"mean load is {NUMBER} and {NUMBER}% of the antibody is bare; {NUMBER}% of the antibody "
        rf"and {NUMBER}% of the payload are left, and at 0\.2 nM on day 0 a median blast takes up "
        rf"{NUMBER}% of the payload that it would from the fresh conjugate\."
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "load-left"):
        name, _, lost, _, clearance, day, *said = numbers(pattern, sentence)
        lost, clearance = float(lost or 0), float(clearance or 0)
        mean, empty, antibody, payload, got = map(float, said)
        assert (name, lost, clearance) == (state["batch"], state["lost"], state["clearance"])
        assert float(day) == state["day"]
        left = left_of(name, lost, clearance, state["day"])
        carried = sum(k * amount for k, amount in enumerate(left))
        assert mean == pytest.approx(carried / sum(left), abs=0.0051)
        assert empty == pytest.approx(100 * left[0] / sum(left), abs=0.051)
        assert antibody == pytest.approx(100 * sum(left), abs=0.51)
        assert payload == pytest.approx(100 * carried / 6, abs=0.51)
        delivered = 100 * uptake(0.2 * sum(left)) * carried / sum(left) / (6 * uptake(0.2))
        assert got == pytest.approx(delivered, abs=0.51)
        checked += 1
    assert checked == 144


def test_more_loss_or_clearance_never_delivers_more_and_loss_ignores_the_shape():
    got, means = {}, {}
    for state, sentence in states_and_sentences(CHAPTER, "load-left"):
        key = tuple(state.values())
        got[key] = float(re.search(rf"takes up {NUMBER}%", sentence)[1])
        means[key] = re.search(rf"mean load is {NUMBER}", sentence)[1]
    for (name, lost, clearance, day), value in got.items():
        assert value <= got[name, 0, clearance, day]
        assert value <= got[name, lost, 0, day]
        assert value <= got[name, lost, clearance, 0]
        assert means[name, lost, 0, day] == means["binomial", lost, 0, day]


DAYS = (0.0, 48.0, 96.0, 168.0, 336.0)


NODES, GAUSS = np.polynomial.legendre.leggauss(60)


@cache
def alive(part: float, spread: str, nm: float) -> tuple[float, ...]:
    """Surviving fraction at the days that the explorer offers, averaged over the cells."""
    if part == 0:
        return (1.0,) * len(DAYS)
    if spread == "none":
        return tuple(np.exp(-follow(nm, 3470 * part, half_kill(), DAYS)[:, 7]))
    density = NormalDist().pdf
    total = np.zeros(len(DAYS))
    for node, weight in zip(8 * NODES, 8 * GAUSS, strict=True):
        course = follow(nm, 3470 * part * math.exp(0.6 * node), half_kill(), DAYS)
        total += weight * density(node) * np.exp(-course[:, 7])
    return tuple(total)


def test_the_mixture_is_that_of_another_solver_in_every_state():
    pattern = (
        rf"{NUMBER}% of the blasts have (no CD22|{NUMBER}% of the others' CD22); within each kind "
        rf"sites (do not vary from cell to cell|vary from cell to cell \(log SD 0\.6\))\. After "
        rf"{NUMBER} days at {NUMBER} nM (fewer than 1|{COUNT}) of a million blasts are alive, and "
        rf"(more than 99\.9|{NUMBER})% of the survivors are CD22-low\."
    )
    checked = 0
    for state, sentence in states_and_sentences(CHAPTER, "mixture-left"):
        said = numbers(pattern, sentence)
        share, level = float(said[0]), float(said[2] or 0)
        assert (share, level) == (state["low_share"], state["low_level"])
        assert said[3].startswith("do not") == (state["spread"] == "none")
        assert (float(said[4]), float(said[5])) == (state["days"], state["level"])
        at = DAYS.index(24.0 * state["days"])
        low = share / 100 * alive(level / 100, state["spread"], state["level"])[at]
        others = (1 - share / 100) * alive(1, state["spread"], state["level"])[at]
        if said[6] == "fewer than 1":
            assert 1e6 * (low + others) < 1 + 1e-3
        else:
            assert whole(said[6]) == three_digits(1e6 * (low + others))
        among = 100 * low / (low + others)
        if said[8].startswith("more"):
            assert among > 99.949
        else:
            assert float(said[8]) == pytest.approx(among, abs=0.051)
        checked += 1
    assert checked == 384


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
