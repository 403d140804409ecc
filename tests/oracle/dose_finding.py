"""What the chapter on dose finding computed, arranged as R's list is."""

from typing import Any

from chapters import namespace
from statsmodels.stats.proportion import proportion_confint


def numbers() -> dict[str, Any]:
    chapter = namespace("design/dose_finding")
    counts = {
        "vod": (chapter["vod_all"], chapter["treated"]),
        "transplanted": (chapter["vod_transplanted"], 24),
        "none_of_9": (0, 9),
        "one_of_9": (1, 9),
        "one_of_22": (1, 22),
    }
    return {
        "passed": chapter["passed"],
        "declared": list(chapter["declared"]),
        "boundaries": [chapter["go_up"], chapter["go_down"]],
        "exponent": chapter["exponent"],
        "desirability": list(chapter["value"]),
        "intervals": {
            name: list(proportion_confint(*each, method="beta")) for name, each in counts.items()
        },
        "none_of_three": [chapter["one_sided"], chapter["two_sided"]],
    }
