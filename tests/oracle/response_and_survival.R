# Survival by response: immortal time, landmark, time-dependent covariate
library(survival)

# Six patients by hand
response <- c(NA, NA, 30, 60, NA, 80)
exit     <- c(20, 40, 90, 120, 100, 150)
died     <- c(1, 1, 1, 1, 1, 0)
ever     <- !is.na(response)
rates <- function(days) tapply(died, ever, sum) / days * 100
naive <- rates(tapply(exit, ever, sum))
fair  <- rates(c(sum(pmin(response, exit, na.rm = TRUE)), sum((exit - response)[ever])))
c(naive = unname(naive[2] / naive[1]), fair = unname(fair[2] / fair[1]))

# Landmark on day 45, by hand: deaths per 100 patient-days from that day
reached <- exit > 45
by_45 <- !is.na(response[reached]) & response[reached] <= 45
landmark_45 <- tapply(died[reached], by_45, sum) / tapply(exit[reached] - 45, by_45, sum) * 100
landmark_45

# Two rows for a responder: before and after the response
split_at <- function(change, exit, died) {
  changed <- !is.na(change) & change < exit
  first <- data.frame(start = 0, stop = ifelse(changed, change, exit),
                      died = ifelse(changed, 0, died), state = 0)
  second <- data.frame(start = change, stop = exit, died = died, state = 1)[changed, ]
  rbind(first, second)
}
six <- coxph(Surv(start, stop, died) ~ state, data = split_at(response, exit, died),
             control = coxph.control(eps = 1e-13))
summary(six)$sctest["test"]        # the square of Mantel and Byar's z
exp(coef(six))

# Limits of the three comparisons when response does nothing: the score of Cox's likelihood
hazard <- log(2) / (9 * 365.25 / 12)
day <- seq(0.05, 729.95, by = 0.1)
root <- function(deaths1, deaths0, risk1, risk0) {
  expected <- function(b) sum((deaths1 + deaths0) * risk1 * exp(b) / (risk1 * exp(b) + risk0))
  exp(uniroot(function(b) sum(deaths1) - expected(b), c(-4, 2), tol = 1e-12)$root)
}
three_limits <- function(kinds, respond, rate, landmark = 60) {
  each <- function(f) rowSums(sapply(seq_along(kinds), function(k) kinds[k] * f(respond[k], rate[k])))
  responded <- plnorm(day, log(33), 0.4)
  after <- function(p, h) p * responded * exp(-h * day)
  before <- function(p, h) (1 - p * responded) * exp(-h * day)
  future <- each(function(p, h) p * rev(cumsum(rev(dlnorm(day, log(33), 0.4) * exp(-h * day)))) * 0.1)
  deaths1 <- each(function(p, h) h * after(p, h))
  deaths0 <- each(function(p, h) h * before(p, h))
  by_then <- function(p, h) p * plnorm(landmark, log(33), 0.4) * exp(-h * day)
  not_yet <- function(p, h) exp(-h * day) - by_then(p, h)
  from <- function(f) each(f)[day > landmark]
  c(naive = root(deaths1, deaths0, each(after) + future, each(before) - future),
    landmark = root(from(function(p, h) h * by_then(p, h)), from(function(p, h) h * not_yet(p, h)),
                    from(by_then), from(not_yet)),
    time_dependent = root(deaths1, deaths0, each(after), each(before)))
}
nothing <- round(three_limits(1, 0.6, hazard), 3)
nothing
mixed <- round(three_limits(c(0.5, 0.5), c(0.8, 0.2), hazard * c(0.5, 2)), 3)
mixed

# Transplant on InO in the synthetic trial: ever v never, then time-dependent
cohort <- read.csv("data/cohort_1022.csv")
ino <- subset(cohort, arm == "InO")
limits <- function(fit) unname(summary(fit)$conf.int[, c(1, 3, 4)])
ever_hsct <- coxph(Surv(os_days, os_event) ~ !is.na(hsct_day), data = ino,
                   control = coxph.control(eps = 1e-13))
rows <- with(ino, split_at(hsct_day, os_days, os_event))
once <- coxph(Surv(start, stop, died) ~ state, data = rows,
              control = coxph.control(eps = 1e-13))
rbind(naive = limits(ever_hsct), time_dependent = limits(once))

# The first 100 days after transplant, and later
rows$early <- rows$state
rows$later <- 0
long <- rows$state == 1 & rows$stop - rows$start > 100
later <- transform(rows[long, ], start = start + 100, early = 0, later = 1)
rows[long, "stop"] <- rows[long, "start"] + 100
rows[long, "died"] <- 0
twice <- coxph(Surv(start, stop, died) ~ early + later, data = rbind(rows, later),
               control = coxph.control(eps = 1e-13))
limits(twice)

# Wald P, one-sided, from a ratio and its 97.5% limits
p <- function(ratio, low, high)
  pnorm(log(ratio) / (log(high / low) / (2 * qnorm(0.9875))))
c(pfs_by_mrd = p(0.423, 0.256, 0.699), pfs_by_arm = p(0.450, 0.336, 0.602),
  os_by_mrd = p(0.512, 0.313, 0.835))

# For the book's tests
oracle <- list(
  six = list(naive = unname(naive[2] / naive[1]), fair = unname(fair[2] / fair[1]),
             z_squared = unname(summary(six)$sctest["test"]), ratio = unname(exp(coef(six)))),
  landmark_45 = unname(landmark_45),
  nothing = as.list(nothing), mixed = as.list(mixed),
  hsct = list(naive = limits(ever_hsct), time_dependent = limits(once),
              early = limits(twice)[1, ], later = limits(twice)[2, ]),
  p = list(pfs_by_mrd = p(0.423, 0.256, 0.699), pfs_by_arm = p(0.450, 0.336, 0.602)))
