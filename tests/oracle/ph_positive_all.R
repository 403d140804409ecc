# Shares of Ph+ disease: exact intervals
exact <- function(x, n) 100 * binom.test(x, n)$conf.int[1:2]
exact(4, 39)
exact(12, 55)
exact(7, 16)
exact(4, 80)
exact(12, 17)
exact(10, 15)
exact(293, 935)

# Do the counts derived for three age groups differ? Trend, then any difference
trend <- prop.trend.test(c(4, 12, 7), c(39, 55, 16))$p.value
any_difference <- suppressWarnings(
  chisq.test(rbind(c(4, 12, 7), c(35, 43, 9)))$p.value)
c(trend = trend, any = any_difference)

# From a true share to a reported one, and back (Rogan and Gladen), with referral
arriving <- function(p, k) k * p / (k * p + 1 - p)
apparent <- function(p, se, sp) se * p + (1 - sp) * (1 - p)
true_share <- function(a, se, sp) (a + sp - 1) / (se + sp - 1)
behind_referral <- function(q, k) q / (q + k * (1 - q))
apparent(0.25, 0.80, 0.98)
england <- behind_referral(true_share(0.24, 0.70, 1), 1)
italy <- behind_referral(true_share(0.527, 1, 1), 2)
c(england = england, italy = italy)

# The positive predictive value
0.80 * 0.25 / apparent(0.25, 0.80, 0.98)

# Two fair series of 30, true share 38%: how often 28.7 points apart?
chance <- outer(dbinom(0:30, 30, 0.38), dbinom(0:30, 30, 0.38))
gap <- 100 * abs(outer(0:30 / 30, 0:30 / 30, "-"))
as_large <- sum(chance[gap >= 28.7])
as_large

# Standard errors and P values behind printed 95% intervals of hazard ratios
from_interval <- function(low, high) {
  middle <- mean(log(c(low, high)))
  error <- diff(log(c(low, high))) / (2 * qnorm(0.975))
  c(HR = exp(middle), SE = error, P = 2 * pnorm(-abs(middle) / error))
}
outcomes <- rbind(death = from_interval(0.63, 1.73),
                  relapse_or_death = from_interval(0.54, 1.37),
                  relapse = from_interval(0.17, 0.62),
                  death_in_remission = from_interval(1.37, 4.89))
round(outcomes, 4)

# Exercise: 23 of 113, sensitivity 10 of 15, known and not known (exact integral)
jeffreys <- function(x, n) qbeta(c(0.025, 0.975), x + 0.5, n - x + 0.5)
known <- jeffreys(23, 113) / (10 / 15)
below <- function(share) integrate(function(se)
  pbeta(share * se, 23.5, 90.5) * dbeta(se, 10.5, 5.5), 0, 1)$value
unknown <- sapply(c(0.025, 0.975), function(level)
  uniroot(function(share) below(share) - level, c(0.05, 2), tol = 1e-9)$root)
rbind(known = known, unknown = unknown)

# T315I among relapses of two studies
fisher <- fisher.test(rbind(c(12, 5), c(5, 8)))$p.value
fisher

# For the book's tests
oracle <- list(
  exact = list(young = exact(4, 39), middle = exact(12, 55), old = exact(7, 16),
               false_positive = exact(4, 80), japan = exact(293, 935)),
  trend = trend, any_difference = any_difference,
  apparent = apparent(0.25, 0.80, 0.98), arriving = arriving(0.25, 2),
  predictive = 0.80 * 0.25 / apparent(0.25, 0.80, 0.98),
  england = england, italy = italy, as_large = as_large,
  outcomes = list(hr = unname(outcomes[, "HR"]), se = unname(outcomes[, "SE"]),
                  p = unname(outcomes[, "P"])),
  rogan_gladen = true_share(23 / 113, 10 / 15, 1),
  fisher = fisher
)
