# Boundaries of a trial with looks, their cost, and what follows from an interim result
library(rpact)
plan <- function(looks, type, alpha = 0.0125)
  getDesignGroupSequential(informationRates = looks, alpha = alpha, beta = 0.2,
                           sided = 1, typeOfDesign = type)
half_way <- plan(c(0.5, 1), "asOF")
half_way$criticalValues
2 * pnorm(-half_way$criticalValues)

# One look at 87%: the last two-sided P is that of study 1022 (the plan is assumed)
fits <- plan(c(0.87, 1), "asOF")
round(2 * pnorm(-fits$criticalValues), 4)

# More deaths for the same power (80%), two looks and five
sapply(c(OF = "asOF", Pocock = "asP"), function(type)
  sapply(list(c(0.5, 1), seq(0.2, 1, 0.2)), function(looks)
    getDesignCharacteristics(plan(looks, type))$inflationFactor))

# Three looks, Pocock type: the edges of the repaired estimate's example
thirds <- plan(c(1 / 3, 2 / 3, 1), "asP")
thirds$criticalValues

# Pocock's own constants, two-sided 5%, for two and five looks
pocock <- sapply(c(2, 5), function(k)
  getDesignGroupSequential(kMax = k, alpha = 0.05, sided = 2,
                           typeOfDesign = "P")$criticalValues[1])
round(pocock, 3)

# Conditional power at half of 252 deaths, ratio 0.77 so far, for three ratios of the rest
drift <- function(ratio, deaths) -log(ratio) * sqrt(deaths / 4)
score <- drift(0.77, 126) * sqrt(0.5)
rest <- c(1, 0.77, 0.65)
conditional <- pnorm((score + drift(rest, 252) * 0.5 - qnorm(1 - 0.0104)) / sqrt(0.5))
round(conditional, 4)

# For the book's tests
oracle <- list(
  edges = half_way$criticalValues,
  fits = fits$criticalValues,
  thirds = thirds$criticalValues,
  pocock = pocock,
  inflation = c(getDesignCharacteristics(half_way)$inflationFactor,
                getDesignCharacteristics(plan(c(0.5, 1), "asP"))$inflationFactor),
  spent = as.numeric(fits$alphaSpent),
  conditional = conditional
)
