"""What the chapter on the cohorts computed, arranged as R's list is."""

from typing import Any

import numpy as np
from chapters import namespace

CHARACTERISTICS = ("age", "female", "salvage_2", "cr1_12_months", "prior_hsct", "blasts_50")


def numbers() -> dict[str, Any]:
    chapter = namespace("endpoints/cohort")
    ph_positive = chapter["ph_positive"]
    arms = {arm: ph_positive[ph_positive.arm == arm] for arm in ("InO", "SC")}
    cohorts = range(21)
    difference, chance = chapter["splits_by_chance"](22, 27, 20)
    return {
        "never_treated": chapter["flow"].untreated["SC"],
        "ph_salvage_2": {
            name.lower(): chapter["salvage"].ph_positive[name, 1] for name in ("InO", "SC")
        },
        "differences": {
            name: chapter["standardised_difference"](arms["InO"][name], arms["SC"][name])
            for name in CHARACTERISTICS
        },
        "medians_and_ratios": {
            **{
                f"{outcome}_{arm.lower()}": [
                    chapter["medians"][cohort, outcome, arm] for cohort in cohorts
                ]
                for outcome in ("os", "pfs")
                for arm in ("InO", "SC")
            },
            **{
                f"{outcome}_hr": [chapter["ratios"][cohort, outcome] for cohort in cohorts]
                for outcome in ("os", "pfs")
            },
        },
        "twenty_points": chance[np.abs(difference) >= 20].sum(),
        "uneven_split": chapter["uneven_split"],
        "conditional": dict(chapter["chance"]),
    }
