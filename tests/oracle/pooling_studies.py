"""What the chapter on pooling computed, arranged as R's list is."""

from typing import Any

import numpy as np
from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("interpretation/pooling_studies")

    def rates(pooled: Any) -> list[float]:
        return [
            float(chapter["percent"](value)) / 100
            for value in (pooled.mean, pooled.lower, pooled.upper)
        ]

    answers = chapter["answers"]
    tau_half = chapter["pooled_table"]["Ph+: 9 of 16 and 16 of 22", "normal", 0.5]
    return {
        "one_rate": rates(answers["one rate"]),
        "tau_half": rates(tau_half),
        "q": {"q": chapter["q"], "p": chapter["q_p"]},
        "tau": {"moments": chapter["tau_dl"], "reml": chapter["tau_reml"]},
        "hartung_knapp": rates(answers["Hartung-Knapp"]),
        "posterior_mean": answers["Bayes, prior 0.5"].mean,
        "odds_ratio": {name: float(np.exp(chapter[name].params[1])) for name in ("both", "alone")},
        "mantel_haenszel": chapter["stratified_ratio"],
        "borrow": {
            "full": [value / 100 for value in chapter["at_state"](16, 1, 73, -10)],
            "quarter": [value / 100 for value in chapter["at_state"](16, 0.25, 73, -30)],
        },
    }
