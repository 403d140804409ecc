"""What the chapter on response computed, arranged as R's list is."""

from typing import Any

from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("endpoints/response")
    exact = chapter["exact"] / 100
    first = {name: chapter["first_exact"][name] / 100 for name in ("ino", "sc")}
    intervals = chapter["intervals"]
    return {
        "exact": {
            "ino": list(exact.loc["InO 16/22"]),
            "sc": list(exact.loc["SC 15/27"]),
            "study1010": list(exact.loc["1010 InO 9/16"]),
            "first_ino": list(first["ino"]),
            "first_sc": list(first["sc"]),
        },
        "wilson": {
            "ino": list(intervals(16, 22).loc["Wilson"] / 100),
            "sc": list(intervals(15, 27).loc["Wilson"] / 100),
        },
        "newcombe": [chapter["difference_low"], chapter["difference_high"]],
        "fisher": {"remissions": chapter["fisher"], "mrd_negative": chapter["mrd_test"]},
    }
