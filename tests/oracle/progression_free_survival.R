# Progression-free survival: seven patients, then the synthetic cohort
library(survival)
months <- c(1, 2, 4, 6, 9, 14, 18)
event  <- c(1, 1, 1, 0, 1, 1, 0)
seven <- summary(survfit(Surv(months, event) ~ 1), times = 12)$surv
seven

cohort <- read.csv("data/cohort_1022.csv")
ph <- subset(cohort, ph_positive == 1)
year <- 12 * 30.4375
at_year <- function(type) {
  fit <- survfit(Surv(pfs_days, pfs_event) ~ arm, data = ph, conf.type = type)
  summary(fit, times = year)
}
types <- c("plain", "log", "log-log")
rates <- lapply(setNames(types, types), at_year)
cbind(surv = rates$plain$surv, se = rates$plain$std.err, at_risk = rates$plain$n.risk)
sapply(rates, function(each) each$lower)   # R cuts at 0
sapply(rates, function(each) each$upper)

# Test at a fixed time on the complementary log-log scale, by hand
s <- rates$plain$surv
relative <- (rates$plain$std.err / s)^2
z <- -diff(log(-log(s))) / sqrt(sum(relative / log(s)^2))   # InO minus SC
p_fixed <- 2 * pnorm(-abs(z))
c(z = z, p = p_fixed)

logrank <- survdiff(Surv(pfs_days, pfs_event) ~ arm, data = ph)
p_logrank <- pchisq(logrank$chisq, 1, lower.tail = FALSE)
c(chisq = logrank$chisq, p = p_logrank)

# The whole trial
whole <- survfit(Surv(pfs_days / 30.4375, pfs_event) ~ arm, data = cohort)
medians <- summary(whole)$table[, "median"]
medians
whole_at_12 <- summary(whole, times = 12)$surv
whole_at_12
cox <- coxph(Surv(pfs_days, pfs_event) ~ I(arm == "InO"), data = cohort)
ratio <- exp(c(coef(cox), confint(cox, level = 0.975)))
unname(ratio)

# For the book's tests
oracle <- list(
  seven = seven,
  ph = list(share = s, standard_error = rates$plain$std.err,
            log_low = rates$log$lower, log_high = rates$log$upper,
            loglog_low = rates[["log-log"]]$lower, loglog_high = rates[["log-log"]]$upper,
            plain_high = rates$plain$upper),
  fixed = list(z = z, p = p_fixed), logrank = p_logrank,
  whole = list(medians = unname(medians), at_12 = whole_at_12, ratio = unname(ratio))
)
