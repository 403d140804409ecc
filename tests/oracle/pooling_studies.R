# Two studies: inverse-variance pooling, between-study SD, borrowing
log_odds <- function(x, n) cbind(y = log(x / (n - x)), v = 1 / x + 1 / (n - x))
two <- log_odds(c(9, 16), c(16, 22))
y <- two[, "y"]; v <- two[, "v"]

# One true rate, Cochran's Q, and tau by moments
pooled <- function(tau = 0) {
  w <- 1 / (v + tau^2)
  mean <- sum(w * y) / sum(w)
  plogis(mean + c(0, -1, 1) * qnorm(0.975) / sqrt(sum(w)))
}
pooled(0)
w <- 1 / v
q <- sum(w * (y - sum(w * y) / sum(w))^2)
c(Q = q, P = pchisq(q, 1, lower.tail = FALSE))
tau_moments <- sqrt(max(0, (q - 1) / (sum(w) - sum(w^2) / sum(w))))
tau_moments
pooled(0.5)

# Tau by restricted maximum likelihood
restricted <- function(tau) {
  w <- 1 / (v + tau^2)
  mean <- sum(w * y) / sum(w)
  0.5 * (sum(log(w)) - log(sum(w)) - sum(w * (y - mean)^2))
}
tau_reml <- optimize(restricted, c(0, 3), maximum = TRUE, tol = 1e-10)$maximum
tau_reml

# Hartung-Knapp: t with one degree of freedom
hartung_knapp <- function(tau) {
  w <- 1 / (v + tau^2)
  mean <- sum(w * y) / sum(w)
  error <- sqrt(sum(w * (y - mean)^2) / sum(w))
  plogis(mean + c(0, -1, 1) * qt(0.975, 1) * error)
}
hartung_knapp(tau_moments)

# Half-normal prior of scale 0.5 on tau: posterior mean of the pooled log odds
density <- function(tau) exp(sapply(tau, restricted)) * dnorm(tau, sd = 0.5)
centre <- function(tau) sapply(tau, function(t) sum(y / (v + t^2)) / sum(1 / (v + t^2)))
area <- integrate(density, 0, 3, rel.tol = 1e-10)$value
posterior_mean <- integrate(function(t) density(t) * centre(t), 0, 3, rel.tol = 1e-10)$value / area
posterior_mean

# A single-arm study in a logistic regression with a term for the study
rows <- data.frame(yes = c(16, 15, 9), no = c(6, 12, 7), drug = c(1, 0, 1), study = c(0, 0, 1))
both <- glm(cbind(yes, no) ~ drug + study, binomial, rows)
alone <- glm(cbind(yes, no) ~ drug, binomial, rows[1:2, ])
exp(c(both = unname(coef(both)["drug"]), alone = unname(coef(alone)["drug"])))

# Mantel-Haenszel on the two made-up trials
made_up <- array(c(30, 8, 60, 22, 24, 66, 6, 24), c(2, 2, 2))
mantel_haenszel <- unname(mantelhaen.test(made_up)$estimate)
mantel_haenszel

# Borrowing 16 patients at full weight: true rates 73% and 63%
borrow <- function(weight, rate, outside, n = 22, m = 16) {
  chance <- outer(dbinom(0:n, n, rate), dbinom(0:m, m, outside))
  yes <- outer(0:n, weight * 0:m, "+"); total <- n + weight * m
  low <- qbeta(0.025, yes + 0.5, total - yes + 0.5)
  high <- qbeta(0.975, yes + 0.5, total - yes + 0.5)
  c(error = sqrt(sum(chance * (yes / total - rate)^2)),
    coverage = sum(chance[low <= rate & rate <= high]))
}
borrow(1, 0.73, 0.63)
borrow(0.25, 0.73, 0.43)

# For the book's tests
oracle <- list(
  one_rate = pooled(0), tau_half = pooled(0.5),
  q = list(q = q, p = pchisq(q, 1, lower.tail = FALSE)),
  tau = list(moments = tau_moments, reml = tau_reml),
  hartung_knapp = hartung_knapp(tau_moments),
  posterior_mean = posterior_mean,
  odds_ratio = list(both = unname(exp(coef(both)["drug"])), alone = unname(exp(coef(alone)["drug"]))),
  mantel_haenszel = mantel_haenszel,
  borrow = list(full = unname(borrow(1, 0.73, 0.63)), quarter = unname(borrow(0.25, 0.73, 0.43)))
)
