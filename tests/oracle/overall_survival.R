# Overall survival: eight patients by hand, then the synthetic Ph+ cohort
library(survival)
months <- c(1, 3, 4, 6, 8, 10, 12, 15)
died   <- c(1, 1, 0, 1, 1, 0, 1, 0)
eight <- survfit(Surv(months, died) ~ 1, conf.type = "log-log")
summary(eight)$surv
eight_at_8 <- summary(eight, times = 8)
c(eight_at_8$std.err, eight_at_8$lower, eight_at_8$upper)

arm <- c(1, 2, 2, 1, 1, 2, 2, 1)
eight_logrank <- survdiff(Surv(months, died) ~ arm)$chisq
eight_logrank

cohort <- read.csv("data/cohort_1022.csv")
ph <- subset(cohort, ph_positive == 1)
fit <- survfit(Surv(os_days / 30.4375, os_event) ~ arm, data = ph, conf.type = "log-log")
medians <- summary(fit)$table[, c("records", "events", "median", "0.95LCL", "0.95UCL")]
medians
logrank <- survdiff(Surv(os_days, os_event) ~ arm, data = ph)
logrank$chisq
pchisq(logrank$chisq, 1, lower.tail = FALSE)

whole <- survfit(Surv(os_days / 30.4375, os_event) ~ arm, data = cohort)
summary(whole)$table[, "median"]

# For the book's tests
oracle <- list(
  eight = list(alive = summary(eight)$surv, standard_error = eight_at_8$std.err,
               lower = eight_at_8$lower, upper = eight_at_8$upper, logrank = eight_logrank),
  medians = list(ino = unname(medians["arm=InO", "median"]), sc = unname(medians["arm=SC", "median"])),
  limits = list(ino = unname(medians["arm=InO", 4:5]), sc = unname(medians["arm=SC", 4:5])),
  logrank = logrank$chisq,
  whole = list(ino = unname(summary(whole)$table["arm=InO", "median"]),
               sc = unname(summary(whole)$table["arm=SC", "median"]))
)
