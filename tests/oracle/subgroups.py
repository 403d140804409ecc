"""What the chapter on subgroups computed, arranged as R's list is."""

from typing import Any

import numpy as np
from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("interpretation/subgroups")
    others, gap = chapter["others"], chapter["difference"]
    ph, everybody = chapter["ph"], chapter["everybody"]
    remission = chapter["remission_gap"]
    after = chapter["shrunken"](ph, 0.69, 0.1)
    return {
        "others": {"log": others.log_ratio, "se": others.log_se},
        "interaction": {
            "gap": gap.log_ratio,
            "se": gap.log_se,
            "p": gap.p_value(),
            "z_whole": (ph.log_ratio - everybody.log_ratio)
            / np.sqrt(ph.log_se**2 - everybody.log_se**2),
        },
        "rates": [row[1] for row in chapter["rates"].values()],
        "fewest": {
            "two": [row[1] for row in chapter["needed"].values()],
            "one": [row[3] for row in chapter["needed"].values()],
        },
        "heterogeneity": {"q": chapter["q_blasts"], "p": chapter["p_blasts"]},
        "qualitative": chapter["p_qualitative"],
        "signal": chapter["signals"][43, 0.75, 1.17, 1][11],
        "remission": {"gap": remission.log_ratio, "se": remission.log_se},
        "posterior": {"mean": after.log_ratio, "sd": after.log_se},
    }
