# Harms and benefits of study 1022 from counts, and what they imply
library(survival)

# Newcombe's interval of a difference: two Wilson intervals, squared and added
wilson <- function(x, n, z = qnorm(0.975)) {
  centre <- (x + z^2 / 2) / (n + z^2)
  centre + c(-1, 1) * z * sqrt(x * (n - x) / n + z^2 / 4) / (n + z^2)
}
compared <- function(a, m, b, n) {
  p <- a / m; q <- b / n; one <- wilson(a, m); two <- wilson(b, n)
  c(points = p - q,
    lower = p - q - sqrt((p - one[1])^2 + (two[2] - q)^2),
    upper = p - q + sqrt((one[2] - p)^2 + (q - two[1])^2),
    P = fisher.test(rbind(c(a, m - a), c(b, n - b)))$p.value)
}
harms <- rbind(vod = compared(23, 164, 3, 143), fatal = compared(26, 164, 16, 143),
               pneumonia = compared(10, 164, 0, 143), fever = compared(19, 164, 27, 143),
               sepsis = compared(4, 164, 10, 143))
harms
1 / harms["vod", 1:3]                        # number needed to harm
ph <- compared(16, 22, 15, 27)
ph
1 / ph[1:3]                                  # through infinity
binom.test(5, 164)$conf.int[1:2]             # fatal VOD
compared(18, 164, 3, 143)                    # survived VOD
compared(18, 79, 5, 85)                      # VOD after transplant, and otherwise
compared(20, 77, 2, 33)                      # day 100, three pairs that fit
compared(20, 77, 2, 31)
compared(17, 65, 1, 17)

# The printed figures after transplant, read as Kaplan-Meier and as rivals
nrm <- c(36, 39, 20, 31); relapse <- c(23, 33, 29, 46); alive <- c(44, 39, 65, 34)
rbind(km = (100 - nrm) * (100 - relapse) / 100, rivals = 100 - nrm - relapse, alive)

# Synthetic patients transplanted directly from remission on InO
cohort <- read.csv("data/cohort_1022.csv")
direct <- subset(cohort, arm == "InO" & hsct_direct == 1)
days <- pmax(direct$pfs_days - direct$hsct_day, 0.5) + (seq_len(nrow(direct)) - 1) / 1000
event <- ifelse(!is.na(direct$relapse_day), 1, ifelse(direct$pfs_event == 1, 2, 0))
year <- 12 * 30.4375
rivals <- summary(survfit(Surv(days, factor(event, 0:2)) ~ 1), times = year)$pstate[1, ]
rivals
km <- function(code) 1 - summary(survfit(Surv(days, event == code) ~ 1), times = year)$surv
c(relapse = km(1), died = km(2))

# Net benefit: normal approximation, independent differences
gain <- 22.8 - 10.0
gain_error <- sqrt((29.6 - 16.7)^2 + (15.5 - 5.7)^2) / 3.92
harm <- 100 * (23 / 164 - 3 / 143)
harm_error <- 100 * sqrt(23 / 164 * 141 / 164^2 + 3 / 143 * 140 / 143^2)
chance <- function(w) pnorm((gain - w * harm) / sqrt(gain_error^2 + (w * harm_error)^2))
c(half = chance(0.5), one = chance(1))

# Bounds of their correlation, from the margins
alive <- c(0.228, 0.100); vod <- c(23 / 164, 3 / 143); n <- c(164, 162)
most <- sum((pmin(alive, vod) - alive * vod) / n)
least <- sum((pmax(0, alive + vod - 1) - alive * vod) / n)
bounds <- 100^2 * c(least, most) / (gain_error * harm_error)
bounds

# For the book's tests
oracle <- list(
  harms = apply(harms, 1, as.list),
  ph = as.list(ph),
  day_100 = as.list(compared(17, 65, 1, 17)),
  survived = as.list(compared(18, 164, 3, 143)),
  vod = as.list(compared(18, 79, 5, 85)),
  bounds = bounds,
  fatal = binom.test(5, 164)$conf.int[1:2],
  if_km = (100 - nrm) * (100 - relapse) / 100,
  if_rivals = 100 - nrm - relapse,
  rivals = list(relapse = rivals[2], died = rivals[3]),
  wrong = list(relapse = km(1), died = km(2)),
  gain = list(points = gain, error = gain_error),
  harm_error = harm_error
)
