# Synthetic patients: who was randomised, and 21 cohorts of Ph+ patients
library(survival)
whole <- read.csv("data/cohort_1022.csv")
with(whole, table(arm, treated))
ph <- subset(whole, ph_positive == 1)
with(ph, table(arm, salvage_2))

# Standardised difference of a 0/1 characteristic (or of age), InO less SC
standardised <- function(x, arm) {
  a <- x[arm == "InO"]
  b <- x[arm == "SC"]
  spread <- function(v) mean((v - mean(v))^2)
  (mean(a) - mean(b)) / sqrt((spread(a) + spread(b)) / 2)
}
characteristics <- c("age", "female", "salvage_2", "cr1_12_months",
                     "prior_hsct", "blasts_50")
differences <- sapply(ph[characteristics], standardised, arm = ph$arm)
round(differences, 3)

# Medians (first day at or below one half) and hazard ratios, 21 cohorts
alternatives <- read.csv("data/alternatives_1022_ph.csv")
ph$cohort <- 0
columns <- c("cohort", "arm", "os_days", "os_event", "pfs_days", "pfs_event")
all21 <- rbind(ph[columns], alternatives[columns])
median_months <- function(days, event) {
  fit <- survfit(Surv(days, event) ~ 1)
  min(fit$time[fit$surv <= 0.5 + 1e-9]) / 30.4375
}
one_cohort <- function(d) {
  a <- subset(d, arm == "InO")
  b <- subset(d, arm == "SC")
  c(os_ino = median_months(a$os_days, a$os_event),
    os_sc = median_months(b$os_days, b$os_event),
    pfs_ino = median_months(a$pfs_days, a$pfs_event),
    pfs_sc = median_months(b$pfs_days, b$pfs_event),
    os_hr = exp(coef(coxph(Surv(os_days, os_event) ~ I(arm == "InO"), d))[[1]]),
    pfs_hr = exp(coef(coxph(Surv(pfs_days, pfs_event) ~ I(arm == "InO"), d))[[1]]))
}
results <- sapply(split(all21, all21$cohort), one_cohort)
round(apply(results, 1, range), 3)

# A fair draw of 20 carriers among 49 patients into 22 and 27
on_ino <- 0:20
chance <- dhyper(on_ino, 20, 29, 22)
gap <- 100 * (on_ino / 22 - (20 - on_ino) / 27)
twenty_points <- sum(chance[abs(gap) >= 20])
twenty_points

# The 49 in arms of 164 and 162: a split of 22 to 27 or one more uneven
on_ino <- 0:49
uneven_split <- sum(dhyper(on_ino, 164, 162, 49)[abs(on_ino - 24.5) >= 2.5])
uneven_split

# Five patients with odds 1, 1, 1, 3, 3, of whom two have the feature
odds <- c(A = 1, B = 1, C = 1, D = 3, E = 3)
pairs <- combn(names(odds), 2)
weight <- apply(pairs, 2, function(pair) prod(odds[pair]))
conditional <- sapply(names(odds), function(name) {
  sum(weight[colSums(pairs == name) > 0]) / sum(weight)
})
conditional

# For the book's tests
oracle <- list(
  never_treated = sum(whole$treated == 0 & whole$arm == "SC"),
  ph_salvage_2 = list(ino = sum(ph$salvage_2[ph$arm == "InO"]),
                      sc = sum(ph$salvage_2[ph$arm == "SC"])),
  differences = as.list(differences),
  medians_and_ratios = lapply(as.data.frame(t(results)), unname),
  twenty_points = twenty_points,
  uneven_split = uneven_split,
  conditional = as.list(conditional)
)
