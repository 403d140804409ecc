"""Seeds of the committed cohorts: those that reached every target."""

PH_POSITIVE_SEED = 101
PH_NEGATIVE_SEED = 1001
STUDY_1010_SEED = 3
ALTERNATIVE_SEEDS: tuple[int, ...] = tuple(range(201, 221))
