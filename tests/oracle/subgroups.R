# A hazard ratio in one subgroup: from print to estimates, and what follows
from_interval <- function(ratio, low, high, level) {
  c(log = log(ratio), se = log(high / low) / (2 * qnorm(0.5 + level / 2)))
}
everybody <- from_interval(0.751, 0.568, 0.993, 0.975)
ph <- from_interval(1.17, 0.64, 2.14, 0.95)

# The patients outside the subgroup, and the interaction
w <- unname(1 / c(everybody["se"], ph["se"])^2)
others <- c(log = sum(c(w[1], -w[2]) * c(everybody["log"], ph["log"])) / (w[1] - w[2]),
            se = (w[1] - w[2])^-0.5)
exp(others["log"] + c(0, -1.96, 1.96) * others["se"])
gap <- unname(ph["log"] - others["log"])
gap_se <- unname(sqrt(ph["se"]^2 + others["se"]^2))
exp(gap + c(0, -1.96, 1.96) * gap_se)
2 * pnorm(-abs(gap / gap_se))

# The same test against the whole: variances subtracted
z_whole <- unname((ph["log"] - everybody["log"]) / sqrt(ph["se"]^2 - everybody["se"]^2))
c(z_whole, gap / gap_se)

# Remission by marrow blasts: one-sided chi-square without continuity correction
one_sided <- function(a, n, b, m) {
  prop.test(c(a, b), c(n, m), alternative = "greater", correct = FALSE)$p.value
}
p_rates <- c(one_sided(39, 53, 22, 48), one_sided(59, 79, 22, 83), one_sided(21, 30, 5, 30))
signif(p_rates, 3)

# Fewest deaths behind a hazard ratio and its P value, two-sided and one-sided
fewest <- function(ratio, p, sides) 4 * (qnorm(p / sides, lower.tail = FALSE) / log(ratio))^2
ratios <- c(0.64, 0.81, 0.60)
p_values <- c(0.0260, 0.1109, 0.0335)
rbind(two = fewest(ratios, p_values, 2), one = fewest(ratios, p_values, 1))

# Heterogeneity of the three, and the qualitative interaction of Gail and Simon
se <- abs(log(ratios)) / qnorm(p_values, lower.tail = FALSE)
Q <- sum((log(ratios) - weighted.mean(log(ratios), 1 / se^2))^2 / se^2)
c(Q = Q, P = pchisq(Q, 2, lower.tail = FALSE))
gail_simon <- function(log_ratio, se) {
  q <- min(sum((log_ratio / se)[log_ratio > 0]^2), sum((log_ratio / se)[log_ratio < 0]^2))
  h <- seq_len(length(se) - 1)
  sum(dbinom(h, length(se) - 1, 0.5) * pchisq(q, h, lower.tail = FALSE))
}
gail_simon(c(ph["log"], others["log"]), c(ph["se"], others["se"]))

# At least one of 12 overlapping subgroups of 43 deaths at 1.17 or above, true ratio 0.75
overlap <- 43 / 258
line <- log(1.17 / 0.75) / (2 / sqrt(43))
signal <- 1 - integrate(function(u) {
  pnorm((line - sqrt(overlap) * u) / sqrt(1 - overlap))^12 * dnorm(u)
}, -8, 8)$value
signal

# Remission: ratio of odds ratios, Ph+ to others, from a logistic model
remission <- data.frame(yes = c(16, 15, 105, 35), no = c(6, 12, 37, 100),
                        ino = c(1, 0, 1, 0), ph = c(1, 1, 0, 0))
fit <- glm(cbind(yes, no) ~ ino * ph, binomial, remission)
summary(fit)$coefficients["ino:ph", ]

# What 1.17 becomes: centre 0.69, scatter 0.1
tau <- 0.1
precision <- c(1 / ph["se"]^2, 1 / tau^2)
posterior <- c(mean = sum(precision * c(ph["log"], log(0.69))) / sum(precision),
               sd = sum(precision)^-0.5)
c(exp(posterior["mean"]), above_1 = unname(pnorm(posterior["mean"] / posterior["sd"])))

# For the book's tests
oracle <- list(
  others = list(log = unname(others["log"]), se = unname(others["se"])),
  interaction = list(gap = gap, se = gap_se, p = 2 * pnorm(-abs(gap / gap_se)), z_whole = z_whole),
  rates = p_rates,
  fewest = list(two = fewest(ratios, p_values, 2), one = fewest(ratios, p_values, 1)),
  heterogeneity = list(q = Q, p = pchisq(Q, 2, lower.tail = FALSE)),
  qualitative = gail_simon(c(ph["log"], others["log"]), c(ph["se"], others["se"])),
  signal = signal,
  remission = list(gap = unname(coef(fit)["ino:ph"]),
                   se = unname(sqrt(diag(vcov(fit))["ino:ph"]))),
  posterior = list(mean = unname(posterior["mean"]), sd = unname(posterior["sd"]))
)
