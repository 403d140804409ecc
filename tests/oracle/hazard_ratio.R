# Hazard ratio: five patients by hand, ties, then the synthetic Ph+ cohort
library(survival)
five <- data.frame(months = c(2, 3, 4, 6, 9), died = c(1, 1, 0, 1, 1),
                   new = c(1, 0, 0, 0, 1))
by_hand <- coxph(Surv(months, died) ~ new, data = five)
exp(coef(by_hand))
tied <- transform(five, months = c(3, 3, 4, 6, 9))
tied_efron <- coxph(Surv(months, died) ~ new, data = tied)
tied_breslow <- coxph(Surv(months, died) ~ new, data = tied, ties = "breslow")
exp(c(efron = coef(tied_efron), breslow = coef(tied_breslow)))

cohort <- read.csv("data/cohort_1022.csv")
ph <- transform(subset(cohort, ph_positive == 1), ino = as.numeric(arm == "InO"))
efron <- coxph(Surv(os_days, os_event) ~ ino, data = ph)
breslow <- coxph(Surv(os_days, os_event) ~ ino, data = ph, ties = "breslow")
summary(efron)$conf.int
summary(breslow)$conf.int

fitted <- summary(efron)
rbind(wald = fitted$coefficients["ino", "z"]^2,
      score = fitted$sctest["test"],
      likelihood_ratio = fitted$logtest["test"],
      logrank = survdiff(Surv(os_days, os_event) ~ ino, data = ph)$chisq)

# The score test of proportional hazards. lifelines has the older approximation:
# its chi-square is 0.180.
zph <- cox.zph(efron, transform = "km")
print(zph, digits = 4)

# For the book's tests
limits <- function(fit) unname(summary(fit)$conf.int["ino", c(1, 3, 4)])
oracle <- list(
  five = unname(exp(coef(by_hand))),
  tied = list(efron = unname(exp(coef(tied_efron))), breslow = unname(exp(coef(tied_breslow)))),
  efron = limits(efron),
  breslow = limits(breslow),
  tests = list(wald = unname(fitted$coefficients["ino", "z"]^2),
               score = unname(efron$score),
               likelihood_ratio = 2 * diff(efron$loglik),
               logrank = survdiff(Surv(os_days, os_event) ~ ino, data = ph)$chisq)
)
