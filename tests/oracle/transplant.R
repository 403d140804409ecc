# Transplant, with death first as a competing event
library(survival)
suppressMessages(library(cmprsk))
exact <- function(x, n) binom.test(x, n)$conf.int[1:2]
exact(9, 22)
exact(5, 27)
exact(65, 164)
exact(17, 162)
fisher.test(rbind(c(9, 13), c(5, 22)))$p.value

# Eight patients by hand: 0 left, 1 transplant, 2 death
months <- c(1, 2, 3, 4, 5, 6, 7, 9)
event  <- c(2, 1, 2, 0, 1, 2, 1, 0)
eight <- survfit(Surv(months, factor(event, 0:2)) ~ 1)
summary(eight, times = 9)$pstate
wrong <- function(kind) 1 - summary(survfit(Surv(months, event == kind) ~ 1), times = 9)$surv
c(wrong(1), wrong(2))

# The synthetic trial: the first event of each patient
cohort <- read.csv("data/cohort_1022.csv")
cohort$days <- with(cohort, ifelse(is.na(hsct_day), os_days, hsct_day))
cohort$event <- with(cohort, ifelse(!is.na(hsct_day), 1, ifelse(os_event == 1, 2, 0)))
cohort$ino <- as.numeric(cohort$arm == "InO")
ph <- subset(cohort, ph_positive == 1)

# Cumulative incidence: columns are waiting, transplanted, died first
incidence <- survfit(Surv(days, factor(event, 0:2)) ~ arm, data = cohort)
summary(incidence, times = c(3, 6, 12, 24) * 30.4375)$pstate
incidence_ph <- survfit(Surv(days, factor(event, 0:2)) ~ arm, data = ph, conf.type = "log-log")
year <- summary(incidence_ph, times = 12 * 30.4375)
year$pstate
limits_ph <- cbind(lower = year$lower[, 2], upper = year$upper[, 2])
limits_ph

# Three questions: count, rate among the waiting, curve
questions <- function(d) {
  gray <- cuminc(d$days, d$event, d$arm, cencode = 0)$Tests[1, ]
  rate <- survdiff(Surv(days, event == 1) ~ arm, data = d)$chisq
  c(fisher = fisher.test(table(d$arm, d$event == 1))$p.value,
    logrank = pchisq(rate, 1, lower.tail = FALSE),
    gray_chi_square = unname(gray["stat"]), gray = unname(gray["pv"]))
}
questions(cohort)
questions(ph)

# Hazard ratios of transplant and of death first; then the dead kept at risk
ratio <- function(d, until, had) {
  fit <- coxph(Surv(until, had) ~ d$ino, control = coxph.control(eps = 1e-13))
  fit <- summary(fit)$conf.int
  unname(fit[1, c(1, 3, 4)])
}
ratios <- function(d) rbind(
  transplant = ratio(d, d$days, d$event == 1),
  death_first = ratio(d, d$days, d$event == 2),
  subdistribution = ratio(d, ifelse(d$event == 2, 9999, d$days), d$event == 1))
ratios(cohort)
ratios(ph)

# Fine and Gray with weights for the chance of still being followed
fine_gray <- function(d) {
  fit <- crr(d$days, d$event, d$ino, gtol = 1e-10)
  c(log_ratio = unname(fit$coef), standard_error = sqrt(fit$var[1, 1]))
}
fine_gray(cohort)
fine_gray(ph)

# For the book's tests
at <- function(fit, times) {
  read <- summary(fit, times = times * 30.4375)
  states <- split(as.data.frame(read$pstate), sub("arm=", "", read$strata))
  lapply(setNames(states, tolower(names(states))),
         function(s) list(waiting = s[, 1], transplanted = s[, 2], died = s[, 3]))
}
oracle <- list(
  exact = list(ph_ino = exact(9, 22), ph_sc = exact(5, 27), ino = exact(65, 164), sc = exact(17, 162)),
  eight = list(transplant = summary(eight, times = 9)$pstate[2], death = summary(eight, times = 9)$pstate[3],
               wrong = c(wrong(1), wrong(2))),
  incidence = at(incidence, c(3, 6, 12, 24)),
  incidence_ph = lapply(at(incidence_ph, 12), function(s) s$transplanted),
  limits_ph = list(ino = unname(limits_ph[1, ]), sc = unname(limits_ph[2, ])),
  questions = list(all = as.list(questions(cohort)), ph = as.list(questions(ph))),
  ratios = list(all = apply(ratios(cohort), 1, as.list), ph = apply(ratios(ph), 1, as.list)),
  fine_gray = list(all = unname(fine_gray(cohort)[1]), ph = unname(fine_gray(ph)[1]))
)
