# Sample size: deaths, patients, remission rates, and the subgroup of 49
z <- qnorm(c(alpha = 1 - 0.0125, power = 0.80))
ratio <- c(0.5, 0.6, 0.7, 0.8)
freedman <- sum(z)^2 * ((1 + ratio) / (1 - ratio))^2
schoenfeld <- sum(z)^2 * 4 / log(ratio)^2
round(rbind(ratio, freedman, schoenfeld), 1)

# The same from a package for trial design: rpact
library(rpact)
deaths <- function(hr, formula) {
  plan <- getSampleSizeSurvival(
    getDesignGroupSequential(kMax = 1, alpha = 0.0125, beta = 0.20, sided = 1),
    typeOfComputation = formula, hazardRatio = hr, lambda2 = log(2) / 6.7,
    accrualTime = c(0, 28), maxNumberOfSubjects = 0, followUpTime = 14)
  unname(plan$eventsFixed)
}
rpact_deaths <- sapply(c("Freedman", "Schoenfeld"), function(f) deaths(0.7, f))
rpact_deaths

# Hazard ratios found by 252 deaths with 80% and 90% power
targets <- exp(-2 * (z["alpha"] + qnorm(c(0.80, 0.90))) / sqrt(252))
unname(targets)

# Deaths expected by 8 March 2016, by integration over the day of entry
days <- as.numeric(as.Date(c("2015-01-04", "2016-03-08")) - as.Date("2012-08-27"))
accrual <- days[1] / 30.4375
cut <- days[2] / 30.4375
arm <- function(patients, hazard, dying = 1, loss = 0) {
  dead <- function(entry) hazard / (hazard + loss) *
    (1 - exp(-(hazard + loss) * (cut - entry)))
  patients * dying * integrate(dead, 0, accrual, rel.tol = 1e-10)$value / accrual
}
sc <- log(2) / 6.7
uncured <- -log((0.5 - 0.2) / 0.8) / 7.7
expected <- c(constant = arm(164, log(2) / 7.7) + arm(162, sc),
              survivors = arm(164, uncured, 0.8) + arm(162, sc),
              lost = arm(164, uncured, 0.8, 0.01) + arm(162, sc, 1, 0.01))
expected

# Exact power of Fisher's one-sided test, 109 patients an arm
fisher_power <- function(sc, ino, alpha = 0.0125, n = 109) {
  x <- rep(0:n, n + 1)
  y <- rep(0:n, each = n + 1)
  p <- phyper(x - 1, n, n, x + y, lower.tail = FALSE)
  sum((dbinom(x, n, ino) * dbinom(y, n, sc))[p <= alpha])
}
found <- outer(c(0.2, 0.3, 0.4), c(0, 0.10, 0.15, 0.20, 0.25),
               Vectorize(function(sc, gain) fisher_power(sc, sc + gain)))
round(100 * found, 1)

# The 49 Ph+ patients: 43 deaths, 22 against 27, two-sided 0.05
se <- 1 / sqrt(22 / 49 * 27 / 49 * 43)
subgroup <- c(smallest = exp(-(qnorm(0.975) + qnorm(0.80)) * se),
              power = pnorm(qnorm(0.025) - log(0.75) / se),
              misleading = pnorm((log(1.17) - log(0.75)) / se, lower.tail = FALSE))
subgroup

# For the book's tests
oracle <- list(
  freedman = freedman,
  schoenfeld = schoenfeld,
  rpact = as.list(rpact_deaths),
  targets = unname(targets),
  expected = as.list(expected),
  found = apply(found, 1, identity, simplify = FALSE),
  subgroup = as.list(subgroup)
)
