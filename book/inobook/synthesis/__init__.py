"""The generator of the synthetic cohorts: a model, conditioned on what was published.

``python -m inobook.synthesis`` writes the files of the data folder anew. The method is described
in ``data/README.md``: covariates, responses and transplants drawn with their published counts,
courses from :mod:`inobook.illness_death`, an observation model, and annealing that redraws one
patient at a time until the standard estimators give the published figures.
"""
