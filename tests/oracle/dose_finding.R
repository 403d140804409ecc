# Dose finding: 3+3 exactly, BOIN's boundaries, EffTox's exponent, exact intervals
passing <- function(rate) {
  none <- dbinom(0, 3, rate)
  one <- dbinom(1, 3, rate)
  none + one * none
}
passing(0.30)

doses <- c(1.2, 1.6, 1.8, 2.0)
truth <- plogis(qlogis(0.30) + 5 * log(doses / 1.8))
reached <- c(1, cumprod(passing(truth)))
declared <- reached * c(1 - passing(truth), 1)
round(setNames(declared, c("none", doses)), 4)

# The share that is as likely under one rate as under the other, by root finding
boundary <- function(lower, higher) {
  log_ratio <- function(share) {
    share * log(higher / lower) + (1 - share) * log((1 - higher) / (1 - lower))
  }
  uniroot(log_ratio, c(0, 1), tol = 1e-12)$root
}
c(up = boundary(0.18, 0.30), down = boundary(0.30, 0.42))

# The exponent of the contour through (40%, 0), (100%, 60%) and (60%, 30%)
surplus <- function(r) ((1 - 0.60) / (1 - 0.40))^r + (0.30 / 0.60)^r - 1
exponent <- uniroot(surplus, c(0.1, 20), tol = 1e-12)$root
exponent
response <- c(0.35, 0.55, 0.70, 0.74)
distance <- ((1 - response) / 0.60)^exponent + (truth / 0.60)^exponent
desirability <- 1 - distance^(1 / exponent)
round(setNames(desirability, doses), 4)

# Exact 95% intervals: VOD in study 1010, and three readings of one DLT
exact <- function(events, patients) as.vector(binom.test(events, patients)$conf.int)
rbind(vod = exact(4, 72), transplanted = exact(2, 24),
      none_of_9 = exact(0, 9), one_of_9 = exact(1, 9), one_of_22 = exact(1, 22))
# For the book's tests
oracle <- list(
  passed = passing(0.30),
  declared = unname(declared),
  boundaries = c(boundary(0.18, 0.30), boundary(0.30, 0.42)),
  exponent = exponent,
  desirability = unname(desirability),
  intervals = list(vod = exact(4, 72), transplanted = exact(2, 24), none_of_9 = exact(0, 9),
                   one_of_9 = exact(1, 9), one_of_22 = exact(1, 22)),
  none_of_three = c(1 - 0.05^(1 / 3), exact(0, 3)[2])
)
