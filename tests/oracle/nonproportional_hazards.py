"""What the chapter on non-proportional hazards computed, arranged as R's list is."""

from typing import Any

import numpy as np
from chapters import namespace

MONTH = 30.4375
FINAL = "January 2017"


def numbers() -> dict[str, Any]:
    chapter = namespace("endpoints/nonproportional_hazards")
    table = chapter["arm_tables"][FINAL]
    alive, errors = zip(*(chapter["milestone"](*table, month) for month in (12, 24)), strict=True)
    means, mean_errors = (each / MONTH for each in chapter["restricted_means"](*table, 24 * MONTH))
    ratios = chapter["ratios"]
    z = {
        name: chapter["weighted_z"](*chapter["follow_up"][FINAL], chapter["ino"][None, :], *powers)
        for name, powers in [("logrank", (0, 0)), ("early", (1, 0)), ("late", (0, 1))]
    }
    before, after = chapter["before_and_after"](FINAL, 12)
    return {
        "five": {"mean": chapter["mean_to_10"], "error": chapter["error_to_10"]},
        "ratios": {
            "first": list(ratios["March 2016", "97.5%"]),
            "final": list(ratios[FINAL, "97.5%"]),
            "final_95": list(ratios[FINAL, "95%"]),
        },
        "alive": {arm: [each[row] for each in alive] for row, arm in enumerate(("ino", "sc"))},
        "alive_error": {
            arm: [each[row] for each in errors] for row, arm in enumerate(("ino", "sc"))
        },
        "means": {arm: [means[row], mean_errors[row]] for row, arm in enumerate(("ino", "sc"))},
        "gain": [means[0] - means[1], np.hypot(*mean_errors)],
        "chi_square": {name: float(each[0]) ** 2 for name, each in z.items()},
        "periods": {"before": list(before), "after": list(after)},
    }
