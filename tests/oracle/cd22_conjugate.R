# One blast and a conjugate: closed forms
sites <- 3470; load <- 6; kd <- 0.5; k_on <- 0.36
outside <- 4.8 / 160                      # nM
k_off <- kd * k_on; k_int <- log(2) / 0.25
occupied <- c(rest = outside / (outside + kd),
              drained = outside / (outside + (k_off + k_int) / k_on))
occupied
k_int * occupied[["drained"]] * sites     # antibodies per hour, by hand

# The differential equations, in fixed steps (Runge-Kutta, fourth order)
change <- function(s, nm, sites, half_kill) {
  with(as.list(s), c(
    free = log(2) / 12 * (sites - free) - k_on * nm * free + k_off * bound +
      log(2) / 0.05 * inside,
    bound = k_on * nm * free - (k_off + k_int) * bound,
    inside = 0.95 * k_int * bound - log(2) / 0.05 * inside,
    conjugate = k_int * bound - log(2) / 2 * conjugate,
    payload = load * log(2) / 2 * conjugate - log(2) / 12 * payload,
    taken_up = k_int * bound,
    damage = 0.1 * payload / (payload + half_kill)))
}
follow <- function(nm, sites, half_kill, hours, step = 0.05) {
  s <- c(free = sites, bound = 0, inside = 0, conjugate = 0, payload = 0,
         taken_up = 0, damage = 0)
  f <- function(s) change(s, nm, sites, half_kill)
  for (i in seq_len(round(hours / step))) {
    a <- f(s); b <- f(s + step / 2 * a); d <- f(s + step / 2 * b)
    e <- f(s + step * d)
    s <- s + step / 6 * (a + 2 * b + 2 * d + e)
  }
  s
}

# C50: half of the median blasts survive 48 hours at the median IC50
payload_at <- function(half_kill) {
  exp(-follow(outside, sites, half_kill, 48)[["damage"]]) - 0.5
}
half_kill <- uniroot(payload_at, c(5000, 50000), tol = 1e-6)$root
half_kill

# A poor and a median blast, at 0.03 and at 2 nM
survive <- function(nm, sites) {
  exp(-follow(nm, sites, half_kill, 48)[["damage"]])
}
c(poor = survive(0.03, 349), poor_2 = survive(2, 349), median_2 = survive(2, 3470))

# How many standard deviations is a range wide?
expected_range <- function(n) {
  integrate(function(z) 1 - pnorm(z)^n - pnorm(z, lower.tail = FALSE)^n,
            -8, 8, rel.tol = 1e-10)$value
}
log(19653 / 349) / expected_range(160)

# A mixture: one cell in a hundred has a tenth of the sites; log SD 0.6; 0.2 nM
# At a constant concentration payload is proportional to sites: one course, scaled
step <- 0.05; hours <- seq(0, 336, step)
cell <- c(free = 1, bound = 0, inside = 0, conjugate = 0, payload = 0)
binding <- k_on * 0.2
flow <- rbind(c(-log(2) / 12 - binding, k_off, log(2) / 0.05, 0, 0),
              c(binding, -k_off - k_int, 0, 0, 0),
              c(0, 0.95 * k_int, -log(2) / 0.05, 0, 0),
              c(0, k_int, 0, -log(2) / 2, 0),
              c(0, 0, 0, load * log(2) / 2, -log(2) / 12))
source <- c(log(2) / 12, 0, 0, 0, 0)
per_site <- numeric(length(hours))
for (i in seq_along(hours)[-1]) {
  a <- flow %*% cell + source
  b <- flow %*% (cell + step / 2 * a) + source
  d <- flow %*% (cell + step / 2 * b) + source
  e <- flow %*% (cell + step * d) + source
  cell <- cell + step / 6 * (a + 2 * b + 2 * d + e)
  per_site[i] <- cell[5]
}
alive <- function(part, days) {
  until <- hours <= 24 * days
  one <- function(z) {
    payload <- sites * part * exp(0.6 * z) * per_site[until]
    hazard <- 0.1 * payload / (payload + half_kill)
    exp(-step * (sum(hazard) - (hazard[1] + hazard[length(hazard)]) / 2))
  }
  integrate(function(z) dnorm(z) * sapply(z, one), -8, 8,
            rel.tol = 1e-8, subdivisions = 500)$value
}
mixture <- sapply(c(`4` = 4, `7` = 7, `14` = 14), function(days) {
  low <- 0.01 * alive(0.1, days); others <- 0.99 * alive(1, days)
  c(per_million = 1e6 * (low + others), low_among_survivors = low / (low + others))
})
mixture

# Drug load: binomial, 14 days; 2% of the payload comes off a day, and antibody
# is cleared by load (1% a day for each payload)
shares <- dbinom(0:8, 8, 6 / 8)
off <- -log(0.98)
filled <- exp(-(off + 0.01) * 14)
emptied <- off * (1 - filled) / (off + 0.01)
left <- sapply(0:8, function(j) {
  sum(shares * choose(0:8, j) * filled^j * emptied^pmax(0:8 - j, 0))
})
c(mean = sum(left * 0:8) / sum(left), antibody_left = sum(left))

# Exact intervals from counts
exact <- function(k, n) 100 * as.numeric(binom.test(k, n)$conf.int)
exact(22, 53)
exact(29, 80)
exact(25, 42)

# For the book's tests
oracle <- list(
  occupied = as.list(occupied), by_hand = k_int * occupied[["drained"]] * sites,
  half_kill_in_millions = half_kill / 1e6,
  survive = list(poor = survive(0.03, 349), poor_2 = survive(2, 349), median_2 = survive(2, 3470)),
  sd_sites = log(19653 / 349) / expected_range(160),
  mixture = list(log10_per_million = unname(log10(mixture["per_million", ])),
                 low = unname(mixture["low_among_survivors", ])),
  load = list(mean = sum(left * 0:8) / sum(left), antibody_left = sum(left)),
  exact = list(child = exact(22, 53), moxetumomab = exact(29, 80), pinatuzumab = exact(25, 42),
               car_t = exact(11, 15))
)
