# Non-proportional hazards: five patients by hand, then the synthetic whole trial
library(survival)
months <- c(2, 5, 6, 8, 12)
died   <- c(1, 1, 0, 1, 0)
five <- survfit(Surv(months, died) ~ 1)
five_mean <- summary(five, rmean = 10)$table[c("rmean", "se(rmean)")]
five_mean

cohort <- read.csv("data/cohort_1022.csv")
cohort$ino <- as.integer(cohort$arm == "InO")
first <- coxph(Surv(os_days_2016, os_event_2016) ~ ino, data = cohort)
final <- coxph(Surv(os_days, os_event) ~ ino, data = cohort)
ratio <- function(fit, level) unname(c(exp(coef(fit)), exp(confint(fit, level = level))))
ratio(first, 0.975)
ratio(final, 0.975)
ratio(final, 0.95)

curve <- survfit(Surv(os_days / 30.4375, os_event) ~ arm, data = cohort)
at <- summary(curve, times = c(12, 24))
data.frame(arm = at$strata, month = at$time, alive = at$surv, error = at$std.err)
means <- summary(curve, rmean = 24)$table[, c("rmean", "se(rmean)")]
gain <- means[1, 1] - means[2, 1]
gain_error <- sqrt(sum(means[, 2]^2))
c(gain, gain_error, 2 * pnorm(-abs(gain / gain_error)))

logrank <- survdiff(Surv(os_days, os_event) ~ arm, data = cohort)$chisq
early <- survdiff(Surv(os_days, os_event) ~ arm, data = cohort, rho = 1)$chisq
pooled <- survfit(Surv(os_days, os_event) ~ 1, data = cohort)
events <- pooled$n.event > 0
day <- pooled$time[events]; d <- pooled$n.event[events]; n <- pooled$n.risk[events]
weight <- 1 - c(1, pooled$surv[events])[seq_along(day)]
n1 <- sapply(day, function(t) sum(cohort$ino == 1 & cohort$os_days >= t))
d1 <- sapply(day, function(t) sum(cohort$ino == 1 & cohort$os_days == t & cohort$os_event == 1))
variance <- d * n1 / n * (1 - n1 / n) * (n - d) / pmax(n - 1, 1)
late <- sum(weight * (d1 - d * n1 / n))^2 / sum(weight^2 * variance)
pchisq(c(logrank = logrank, early = early, late = late), 1, lower.tail = FALSE)

halves <- survSplit(Surv(os_days, os_event) ~ ., data = cohort, cut = 12 * 30.4375, episode = "year")
two <- coxph(Surv(tstart, os_days, os_event) ~ I(ino * (year == 1)) + I(ino * (year == 2)), data = halves)
periods <- unname(cbind(exp(coef(two)), exp(confint(two))))
periods

whole <- coxph(Surv(os_days, os_event) ~ ino, data = cohort)
scales <- c("km", "rank", "log", "identity")
zph <- sapply(scales, function(scale) cox.zph(whole, transform = scale)$table["ino", "p"])
zph

# For the book's tests
oracle <- list(
  five = list(mean = unname(five_mean[1]), error = unname(five_mean[2])),
  ratios = list(first = ratio(first, 0.975), final = ratio(final, 0.975), final_95 = ratio(final, 0.95)),
  alive = list(ino = at$surv[1:2], sc = at$surv[3:4]),
  alive_error = list(ino = at$std.err[1:2], sc = at$std.err[3:4]),
  means = list(ino = unname(means[1, ]), sc = unname(means[2, ])),
  gain = c(gain, gain_error),
  chi_square = list(logrank = logrank, early = early, late = late),
  periods = list(before = periods[1, ], after = periods[2, ])
)
