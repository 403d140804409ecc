"""What the chapter on sample size computed, arranged as R's list is."""

from typing import Any

from chapters import namespace


def numbers() -> dict[str, Any]:
    chapter = namespace("design/sample_size")
    needed, expected = chapter["needed"], chapter["expected"].both
    sets = dict(zip(("constant", "survivors", "lost"), chapter["ASSUMED"], strict=True))
    return {
        "freedman": list(chapter["freedman"]),
        "schoenfeld": list(chapter["schoenfeld"]),
        "rpact": {name: needed[name].loc[0.7] for name in ("Freedman", "Schoenfeld")},
        "targets": [chapter["target_found"](252, power) for power in (0.8, 0.9)],
        "expected": {key: expected[name] for key, name in sets.items()},
        "found": [
            [chapter["response_power"](sc, sc + gain, 0.0125) for gain in chapter["gains"]]
            for sc in chapter["rates"]
        ],
        "subgroup": {
            "smallest": chapter["smallest"],
            "power": chapter["power_49"],
            "misleading": chapter["misleading"],
        },
    }
