# The next trial: six patients, the edges of a look, and the sums of a planner
library(survival)
six <- data.frame(new = c(1, 1, 1, 0, 0, 0), negative = c(1, 1, 1, 0, 1, 0),
                  death = c(2, 4, 9, 6, 8, 12))
by_arm <- survdiff(Surv(death) ~ new, data = six)
by_arm
z_death <- unname(sqrt(by_arm$chisq) * sign(by_arm$exp[2] - by_arm$obs[2]))
counts <- tapply(six$negative, six$new, sum)
z_mrd <- sqrt(unname(suppressWarnings(
  prop.test(rev(counts), c(3, 3), correct = FALSE))$statistic))
c(mrd = z_mrd, death = z_death)

# A look after half of 168 deaths, O'Brien-Fleming type, one-sided 2.5%
library(rpact)
plan <- getDesignGroupSequential(typeOfDesign = "asOF", sided = 1, alpha = 0.025,
                                 informationRates = c(84, 168) / 168)
plan$criticalValues

# Responses by cycle; limits from 252 deaths; 95% limits around a ratio of 1
100 * c(64, 21) / 88
limits <- 0.77 * exp(c(-1, 1) * qnorm(0.9875) * 2 / sqrt(252))
limits
deaths <- c(42, 168, 252)
around_one <- cbind(lower = exp(-1.96 * 2 / sqrt(deaths)),
                    upper = exp(1.96 * 2 / sqrt(deaths)))
rownames(around_one) <- deaths
around_one

# Ph+ patients a month in study 1022, and two beliefs after one trial
days <- as.numeric(as.Date("2015-01-04") - as.Date("2012-08-27"))
pace <- 49 / (days / 30.4375)
after <- c(positive = 0.38 / (0.38 + 0.03), negative = 0.62 / (0.62 + 0.97))
c(pace = pace, after)

# For the book's tests
oracle <- list(
  z = list(mrd = z_mrd, death = z_death),
  edges = plan$criticalValues,
  cycles = 100 * c(64, 21) / 88,
  limits = limits,
  lower = unname(around_one[, "lower"]),
  upper = unname(around_one[, "upper"]),
  pace = pace,
  after = as.list(after)
)
