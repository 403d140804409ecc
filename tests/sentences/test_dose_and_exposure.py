"""What the explorers of the chapter on dose and exposure say, by another route than the chapter's.

Typical patients: an adaptive solver with the equations and schedules written out here. Simulated
patients: the module's Runge-Kutta steps replaced by the exact response to one milligram, added up.
"""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from chapters import namespace
from scipy.integrate import solve_ivp
from states import NUMBER, states_and_numbers

CHAPTER = "drug/dose_and_exposure"
STARTS = (0, 21, 49, 77, 105, 133)
ENDS = (21, 49, 77, 105, 133, 161)
SCHEDULE = (
    rf"^Body surface {NUMBER} m², {NUMBER}% blasts, {NUMBER} cycles?, [^:]+: {NUMBER} mg in all"
    rf"(?: \([^)]*\))?\. At the end of the last cycle the typical patient has {NUMBER} ng/mL \(10 "
    rf"to 90% of simulated patients: {NUMBER} to {NUMBER}\) and an AUC since day 1 of {NUMBER} "
    rf"µg·h/mL \({NUMBER} to {NUMBER}\)\.$"
)
MODELS = (
    rf"^.*, {NUMBER} years, .*: body surface {NUMBER} m², lean mass {NUMBER} kg\. After {NUMBER} "
    rf"cycles? \(remission after the first\) the typical AUC is {NUMBER} µg·h/mL by Garrett and "
    rf"{NUMBER} by Wu, a ratio of {NUMBER}\.$"
)
DOSES = (
    rf"^{NUMBER} cycles?, {NUMBER}% blasts, 1\.2 mg/m² as [^a-z]+, full dose in each cycle: the "
    rf"median AUC is {NUMBER} µg·h/mL with 1\.8 and {NUMBER} with 1\.2\. Above {NUMBER} µg·h/mL "
    rf"are (?:more than |fewer than )?{NUMBER}% of simulated patients with 1\.8 and "
    rf"(?:more than |fewer than )?{NUMBER}% with 1\.2\.$"
)


def garrett(surface: float, blasts: float) -> tuple[float, ...]:
    """CL1, CL2, kdes, V1, Q, V2 of a typical patient with leukaemia."""
    slowing = (max(blasts, 0.0001) / 5.25) ** -0.0401
    return (
        0.113 * 0.255 * 1.155 * (surface / 1.84) ** 1.54,
        0.369 * (surface / 1.84) ** 1.64,
        0.0337 * 0.140 * slowing,
        6.70 * (1 + 0.774 * (surface - 1.84)),
        0.0405,
        5.10,
    )


def wu(lean: float, age: float, count: float) -> tuple[float, ...]:
    relative = lean / 52.7
    return (
        0.130 * 0.233 * relative**1.05,
        0.569 * 0.638 * relative**0.687,
        0.0577 * 0.076 * (max(count, 0.001) / 0.352) ** -0.0484 * (age / 60) ** -0.296,
        6.49 * relative**0.977,
        0.0437,
        4.74,
    )


def given(surface: float, remission: int | None) -> list[tuple[float, float]]:
    """Hour and milligrams of each of 18 infusions."""
    doses = []
    for number, start in enumerate(STARTS):
        first = 0.5 if remission is not None and number >= remission else 0.8
        doses += [
            (24.0 * (start + day), surface * each)
            for day, each in ((0, first), (7, 0.5), (14, 0.5))
        ]
    return doses


@cache
def at_the_ends(
    parameters: tuple[float, ...], doses: tuple[tuple[float, float], ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Concentration (ng/mL) and area (µg h/mL) at the end of each cycle, by LSODA."""
    cl1, cl2, kdes, v1, q, v2 = parameters

    def slope(hour: float, y: np.ndarray, inflow: float) -> list[float]:
        moved = q * (y[0] / v1 - y[1] / v2)
        gone = (cl1 + cl2 * np.exp(-kdes * hour)) * y[0] / v1
        return [inflow - gone - moved, moved, y[0] / v1]

    edges = sorted({hour + more for hour, _ in doses for more in (0, 1)} | {24.0 * e for e in ENDS})
    state, kept = np.zeros(3), {}
    for left, right in pairwise(edges):
        inflow = sum(mg for hour, mg in doses if hour <= left < hour + 1)
        state = solve_ivp(
            slope, (left, right), state, method="LSODA", args=(inflow,), rtol=1e-9, atol=1e-12
        ).y[:, -1]
        kept[right] = state
    ends = np.array([kept[24.0 * end] for end in ENDS])
    return 1000 * ends[:, 0] / v1, ends[:, 2]


def near(said: float, exact: float, digits: int = 1) -> None:
    assert said == pytest.approx(exact, abs=0.51 * 10**-digits, rel=5e-4)


def test_schedule_says_what_an_adaptive_solver_gives_in_every_state():
    rank = {"cycle 1": 1, "cycle 2": 2, "not reached": None}
    count = 0
    for state, said in states_and_numbers(CHAPTER, "schedule", SCHEDULE):
        surface, blasts, cycles, mg, trough, low, high, area, area_low, area_high = said
        assert (surface, blasts, cycles) == (state["surface"], state["blasts"], state["cycles"])
        doses = given(surface, rank[state["remission"]])
        level, areas = at_the_ends(garrett(surface, blasts), tuple(doses))
        near(mg, sum(each for _, each in doses[: 3 * int(cycles)]), 2)
        near(trough, level[int(cycles) - 1])
        near(area, areas[int(cycles) - 1])
        assert low < trough < high and area_low < area < area_high
        count += 1
    assert count == 270


def test_label_stop_is_named_when_it_applies_and_only_then():
    explorer = namespace(CHAPTER)["schedule"]
    for state in explorer.states():
        beyond = state["remission"] == "not reached" and state["cycles"] > 3
        assert ("stops after cycle 3" in explorer(**state)[1]) == beyond


def test_bands_of_the_schedule_come_out_with_other_patients():
    """Percentiles of 4,000 patients drawn here; most of the tolerance is chance in 1,000."""
    matrix = np.array(
        [[0.423**2, 0.156, 0.213], [0.156, 0.412**2, 0.222], [0.213, 0.222, 0.672**2]]
    )
    rng = np.random.default_rng(7)
    logs = rng.multivariate_normal(np.zeros(3), matrix, 4000)
    kdes = np.exp(0.455 * rng.standard_normal(4000))
    cl1, cl2, k, v1, q, v2 = garrett(1.84, 5.25)
    areas = areas_by_euler(
        cl1 * np.exp(logs[:, 0]), cl2 * np.exp(logs[:, 2]), k * kdes, v1 * np.exp(logs[:, 1]), q, v2
    )
    low, high = np.percentile(areas, [10, 90])
    for state, said in states_and_numbers(CHAPTER, "schedule", SCHEDULE):
        if (state["surface"], state["blasts"], state["cycles"]) == (1.84, 5.25, 1):
            assert said[-2:] == pytest.approx([low, high], rel=0.2)


def areas_by_euler(
    cl1: np.ndarray, cl2: np.ndarray, kdes: np.ndarray, v1: np.ndarray, q: float, v2: float
) -> np.ndarray:
    """Area of cycle 1 in µg h/mL at the label's dose for 1.84 m², by steps of a quarter hour."""
    step = 0.25
    central, peripheral, area = (np.zeros_like(v1) for _ in range(3))
    for number in range(int(504 / step)):
        hour = number * step
        inflow = sum(mg for at, mg in given(1.84, None)[:3] if at <= hour < at + 1)
        level, moved = central / v1, q * (central / v1 - peripheral / v2)
        clearance = cl1 + cl2 * np.exp(-kdes * hour)
        central = central + step * (inflow - clearance * level - moved)
        peripheral = peripheral + step * moved
        area = area + step * level
    return area


def test_two_models_say_what_an_adaptive_solver_gives_in_every_state():
    chapter = namespace(CHAPTER)
    count = 0
    for state, said in states_and_numbers(CHAPTER, "models-compared", MODELS):
        age, surface, lean, cycles, first, second, ratio = said
        height, weight, female = chapter["BODIES"][state["body"]]
        percent, leukocytes = chapter["BLOODS"][state["blood"]]
        exact = (height * weight / 3600) ** 0.5
        boer = (
            0.252 * weight + 0.473 * height - 48.3
            if female
            else 0.407 * weight + 0.267 * height - 19.2
        )
        near(surface, exact, 2)
        near(lean, boer)
        assert (age, cycles) == (state["age"], state["cycles"])
        doses = tuple(given(exact, 1))
        count_of_blasts = percent / 100 * leukocytes
        areas = [
            at_the_ends(each, doses)[1][int(cycles) - 1]
            for each in (garrett(exact, percent), wu(boer, age, count_of_blasts))
        ]
        near(first, areas[0])
        near(second, areas[1])
        near(ratio, areas[1] / areas[0], 2)
        count += 1
    assert count == 144


def test_two_doses_say_what_whole_schedules_of_the_same_patients_give():
    """Each schedule is run as a whole here; the chapter adds up responses to one milligram."""
    chapter = namespace(CHAPTER)
    pk = chapter["population_pk"]
    cache_of: dict[tuple[str, float], np.ndarray] = {}

    def areas(split: str, blasts: float) -> np.ndarray:
        if (split, blasts) not in cache_of:
            people = pk.garrett_2019_patients(
                bsa_m2=1.84,
                blood_blasts_percent=blasts,
                patients=chapter["DRAWN"],
                generator=np.random.default_rng(3677596),
            )
            parts = {**chapter["SPLITS"], "1.8": (0.8, 0.5, 0.5)}[split]
            doses = [
                pk.Dose(24.0 * (start + day), 1.84 * part)
                for start in STARTS[:3]
                for day, part in zip((0, 7, 14), parts, strict=True)
            ]
            hours = [24.0 * end for end in ENDS[:3]]
            cache_of[split, blasts] = pk.amounts(people, doses, hours).auc_ng_h_per_ml / 1000
        return cache_of[split, blasts]

    count = 0
    for state, said in states_and_numbers(CHAPTER, "two-doses", DOSES):
        cycles, blasts, median_full, median_low, threshold, full, low = said
        assert (cycles, blasts, threshold) == (state["cycles"], state["blasts"], state["threshold"])
        for name, median, share in (("1.8", median_full, full), (state["split"], median_low, low)):
            exact = areas(name, state["blasts"])[:, int(cycles) - 1]
            assert median == pytest.approx(np.median(exact), abs=0.06, rel=1e-3)
            above = 100 * (exact > threshold).mean()
            assert share == pytest.approx(min(max(above, 1), 99), abs=0.56)
        assert low <= full
        count += 1
    assert count == 162


def test_each_split_of_the_lower_dose_adds_up_to_it():
    for parts in namespace(CHAPTER)["SPLITS"].values():
        assert sum(parts) == pytest.approx(1.2)
