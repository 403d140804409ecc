# Dose and exposure: body surface, two compartments with a falling clearance, two doses
bsa <- sqrt(170 * 70 / 3600)
round(c(surface = bsa, day_1 = 0.8 * bsa, day_8 = 0.5 * bsa), 3)

# Typical patient with ALL (Garrett 2019), 1.84 m2, 5.25% blasts
p <- list(cl1 = 0.113 * (1 - 0.745) * (1 + 0.155), cl2 = 0.369,
          kdes = 0.0337 * (1 - 0.860), v1 = 6.70, q = 0.0405, v2 = 5.10)
log(2) / p$kdes
rates <- c(p$cl1 / p$v1, p$q / p$v1, p$q / p$v2)
beta <- (sum(rates) - sqrt(sum(rates)^2 - 4 * rates[1] * rates[3])) / 2
log(2) / beta

# Runge-Kutta in steps of a quarter of an hour: amounts in both compartments (mg), AUC (mg h/L)
step <- 0.25
starts <- 24 * c(outer(c(0, 7, 14), c(0, 21, 49, 77), "+"))
mg <- 1.84 * rep(c(0.8, 0.5, 0.5), 4)
slope <- function(hour, inflow, a) {
  cl <- p$cl1 + p$cl2 * exp(-p$kdes * hour)
  moved <- p$q * (a[1] / p$v1 - a[2] / p$v2)
  c(inflow - cl * a[1] / p$v1 - moved, moved, a[1] / p$v1)
}
a <- c(0, 0, 0)
area <- trough <- numeric(0)
for (i in 0:(105 * 24 / step - 1)) {
  hour <- i * step
  inflow <- sum(mg[hour >= starts & hour < starts + 1])
  k1 <- slope(hour, inflow, a)
  k2 <- slope(hour + step / 2, inflow, a + step / 2 * k1)
  k3 <- slope(hour + step / 2, inflow, a + step / 2 * k2)
  k4 <- slope(hour + step, inflow, a + step * k3)
  a <- a + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
  if ((hour + step) %in% (24 * c(21, 49, 77, 105))) {
    area <- c(area, a[3])
    trough <- c(trough, 1000 * a[1] / p$v1)
  }
}
round(diff(c(0, area)), 2)     # AUC of each cycle, micrograms h/mL
round(trough, 2)               # ng/mL at the end of each cycle

# NCT03677596: exact intervals, and the two randomised arms
exact <- function(x, n) as.numeric(binom.test(x, n)$conf.int)
round(exact(11, 22), 3)
round(exact(35, 42), 3)
round(exact(26, 38), 3)
round(exact(46, 64), 3)
wilson <- function(x, n) as.numeric(prop.test(x, n, correct = FALSE)$conf.int)
newcombe <- function(x, n, y, m) {
  d <- x / n - y / m
  a <- wilson(x, n)
  b <- wilson(y, m)
  c(d, d - sqrt((x / n - a[1])^2 + (b[2] - y / m)^2),
    d + sqrt((a[2] - x / n)^2 + (y / m - b[1])^2))
}
round(newcombe(35, 42, 26, 38), 3)
round(newcombe(6, 42, 2, 38), 3)
fisher.test(rbind(c(35, 7), c(26, 12)))$p.value

# For the book's tests
oracle <- list(
  surface = bsa, decay_half_life = log(2) / p$kdes, terminal_half_life = log(2) / beta,
  per_cycle = diff(c(0, area)), trough = trough,
  exact = list(run_in = exact(11, 22), low = exact(35, 42), full = exact(26, 38), all = exact(46, 64)),
  remission = newcombe(35, 42, 26, 38), liver = newcombe(6, 42, 2, 38),
  fisher = fisher.test(rbind(c(35, 7), c(26, 12)))$p.value
)
