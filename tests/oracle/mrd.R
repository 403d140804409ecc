# MRD in the Ph+ patients of studies 1022 and 1010
exact <- function(x, n, level = 0.95) {
  binom.test(x, n, conf.level = level)$conf.int[1:2]
}
exact(9, 9)
exact(9, 9, level = 0.90)[1]    # one-sided 95%
binom.test(9, 9, alternative = "greater")$conf.int[1]
exact(69, 88)
exact(9, 32)
exact(21, 22)
exact(19, 22)

# The arms compared: responders, and all randomised
responders <- fisher.test(rbind(c(13, 3), c(5, 10)))$p.value
randomised <- fisher.test(rbind(c(13, 9), c(5, 22)))$p.value
c(responders, randomised)
wilson <- function(x, n) prop.test(x, n, correct = FALSE)$conf.int[1:2]
newcombe <- function(x1, n1, x2, n2) {
  d <- x1 / n1 - x2 / n2
  a <- wilson(x1, n1)
  b <- wilson(x2, n2)
  c(d - sqrt((x1 / n1 - a[1])^2 + (b[2] - x2 / n2)^2),
    d + sqrt((a[2] - x1 / n1)^2 + (x2 / n2 - b[1])^2))
}
newcombe(13, 16, 5, 15)
newcombe(13, 22, 5, 27)

# In remission and MRD-positive, of all randomised: SC, then InO
newcombe(10, 27, 3, 22)
positive <- fisher.test(rbind(c(10, 17), c(3, 19)))$p.value
positive

# Fewer than k leukaemia cells among N analysed, at a burden b
negative <- function(b, N, k) ppois(k - 1, b * N)
negative(1e-4, 1e4, 1)
negative(1e-4, 1e5, 10)

# Cells to expect, so that a negative call has a chance of 5%
needed <- qgamma(0.95, c(1, 10, 20, 50))
needed

# McNemar's exact test is a binomial test of the discordant specimens
mcnemar_exact <- binom.test(1, 12)$p.value
mcnemar_exact

# Standard error of a log hazard ratio, from a 97.5% interval
z <- qnorm(1 - 0.025 / 2)
se <- log(0.835 / 0.313) / (2 * z)
c(z, se, pnorm(log(0.512) / se))

# For the book's tests
oracle <- list(
  nine = list(two_sided = exact(9, 9)[1], one_sided = exact(9, 9, level = 0.90)[1]),
  exact = list(first_ino = exact(69, 88), first_sc = exact(9, 32),
               flow = exact(21, 22), pcr = exact(19, 22)),
  fisher = list(responders = responders, randomised = randomised,
                positive = positive),
  newcombe = list(responders = newcombe(13, 16, 5, 15), randomised = newcombe(13, 22, 5, 27),
                  positive = newcombe(10, 27, 3, 22)),
  negative = list(three_of_five = ppois(2, 5), threshold = negative(1e-4, 1e5, 10)),
  needed = needed,
  mcnemar = mcnemar_exact,
  hazard_ratio = list(z = z, se = se, p_one_sided = pnorm(log(0.512) / se),
                      ci_95 = exp(log(0.512) + c(-1.96, 1.96) * se))
)
