"""What the chapter on the conjugate computed, arranged as R's list is."""

import math
from dataclasses import replace
from typing import Any

from chapters import namespace
from inobook import conjugate_kinetics as kinetics


def numbers() -> dict[str, Any]:
    chapter = namespace("drug/cd22_conjugate")

    def survive(level: float, sites: float) -> float:
        cell = replace(chapter["blast"], sites=sites)
        return float(kinetics.simulate(cell, level, [0, 48]).surviving[-1])

    def limits(name: str) -> list[float]:
        return [float(limit) for limit in chapter["exact"][name][1:]]

    left = kinetics.after_losses(chapter["loads"]["binomial"], 14, 0.02, 0.01)
    mixed = [chapter["after_days"](1, 10, days, 0.2) for days in (4, 7, 14)]
    return {
        "occupied": {"rest": chapter["at_rest"], "drained": float(chapter["drained"])},
        "by_hand": float(chapter["by_hand"]),
        "half_kill_in_millions": chapter["half_kill"] / 1e6,
        "survive": {
            "poor": survive(0.03, 349),
            "poor_2": survive(2, 349),
            "median_2": survive(2, 3470),
        },
        "sd_sites": float(chapter["sd_sites"]),
        "mixture": {
            "log10_per_million": [math.log10(1e6 * each.surviving) for each in mixed],
            "low": [float(each.low_among_survivors) for each in mixed],
        },
        "load": {"mean": kinetics.mean_load(left), "antibody_left": float(left.sum())},
        "exact": {
            "child": limits("child CR"),
            "moxetumomab": limits("moxetum."),
            "pinatuzumab": limits("pina ORR"),
            "car_t": limits("CAR T"),
        },
    }
