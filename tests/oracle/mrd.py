"""What the chapter on MRD computed, arranged as R's list is."""

from typing import Any

from chapters import namespace
from scipy import stats


def numbers() -> dict[str, Any]:
    chapter = namespace("endpoints/mrd")
    first, children = chapter["first"], chapter["children"]
    differences = chapter["differences"]
    rows = ["responders", "randomised"]
    return {
        "nine": {"two_sided": chapter["two_sided"], "one_sided": chapter["one_sided"]},
        "exact": {
            "first_ino": list(first["InO, CR/CRi"][["lower", "upper"]] / 100),
            "first_sc": list(first["SC, CR/CRi"][["lower", "upper"]] / 100),
            "flow": list(children.loc["flow", ["lower", "upper"]] / 100),
            "pcr": list(children.loc["PCR", ["lower", "upper"]] / 100),
        },
        "fisher": {key: differences.loc[key, "P"] for key in rows}
        | {"positive": chapter["positive_in_cr"][3]},
        "newcombe": {key: list(differences.loc[key, ["lower", "upper"]] / 100) for key in rows}
        | {"positive": [each / 100 for each in chapter["positive_in_cr"][1:3]]},
        "negative": {
            "three_of_five": chapter["by_hand"],
            "threshold": stats.poisson.cdf(9, 10),
        },
        "needed": list(chapter["needed"]),
        "mcnemar": chapter["p_by_hand"],
        "hazard_ratio": {
            "z": chapter["multiplier"],
            "se": chapter["standard_error"],
            "p_one_sided": chapter["p_one_sided"],
            "ci_95": list(chapter["ci_95"]),
        },
    }
