"""What the chapter on interim analyses computed, arranged as R's list is."""

from typing import Any

import numpy as np
from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("design/interim_analyses")
    plan, crossing = chapter["plan"], chapter["crossing_probabilities"]
    budgets = chapter["SPENDING"]
    halves, types = [0.5, 1], ("O'Brien-Fleming type", "Pocock type")
    return {
        "edges": list(chapter["edges_half_way"]),
        "fits": list(plan),
        "thirds": list(chapter["edges_of_thirds"]),
        "pocock": [chapter["pocock_constants"][looks] for looks in (2, 5)],
        "inflation": [
            chapter["inflation_factor"](halves, 0.0125, 0.8, budgets[name]) for name in types
        ],
        "spent": list(np.cumsum(crossing([0.87, 1], plan).upper)),
        "conditional": [chapter["chance"](ratio) for ratio in (1, 0.77, 0.65)],
    }
