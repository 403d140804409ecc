# Allocation in study 1022: exact numbers
# How often do 49 patients split 22 to 27, or more unevenly?
on_ino <- 0:49
far <- abs(2 * on_ino - 49) >= 5
by_coin <- sum(dbinom(on_ino, 49, 0.5)[far])
by_coin
totals_fixed <- sum(dhyper(on_ino, 164, 162, 49)[far])
totals_fixed

# Coins: the arms of 326 patients differ by two or less
sum(dbinom(162:164, 326, 0.5))

# A block of four: share of right guesses by the convergence strategy
blocks <- expand.grid(rep(list(c(-1, 1)), 4))
blocks <- as.matrix(blocks[rowSums(blocks) == 0, ])
guess <- function(block) {
  lead <- cumsum(c(0, block[-4]))
  ifelse(lead == 0, 0.5, as.numeric(sign(lead) != sign(block)))
}
mean(apply(blocks, 1, guess))

# 0 of 164 and 19 of 162 never treated
never <- fisher.test(rbind(c(0, 164), c(19, 143)))$p.value
never

# Never treated by regimen, with exact limits and the exact test of a 3 by 2 table
limits <- sapply(list(c(9, 102), c(5, 38), c(5, 22)),
                 function(x) binom.test(x[1], x[2])$conf.int[1:2])
limits
regimen <- fisher.test(cbind(c(9, 5, 5), c(93, 33, 17)))$p.value
regimen

# What a Cox model estimates when 12% of SC, dying twice as fast, are dropped
rate <- log(2) / 6.5
alive <- function(t, u, h) (1 - u) * exp(-h * t) + u * exp(-2 * h * t)
dying <- function(t, u, h) (1 - u) * h * exp(-h * t) + u * 2 * h * exp(-2 * h * t)
limit <- function(drop) {
  u0 <- if (drop) 0 else 0.12
  p <- 1 / (2 - if (drop) 0.12 else 0)
  score <- function(b) integrate(function(t) {
    w <- p * alive(t, 0.12, 0.75 * rate) * exp(b)
    e <- w / (w + (1 - p) * alive(t, u0, rate))
    p * dying(t, 0.12, 0.75 * rate) * (1 - e) - (1 - p) * dying(t, u0, rate) * e
  }, 0, 24, rel.tol = 1e-10)$value
  exp(uniroot(score, c(-3, 3), tol = 1e-12)$root)
}
c(as_randomised = limit(FALSE), treated_only = limit(TRUE))

# For the book's tests
oracle <- list(
  split = list(coin = by_coin, totals_fixed = totals_fixed),
  coin_even = sum(dbinom(162:164, 326, 0.5)),
  guess = mean(apply(blocks, 1, guess)),
  never = never,
  limits = list(lower = limits[1, ], upper = limits[2, ]),
  regimen = regimen,
  cox = list(as_randomised = limit(FALSE), treated_only = limit(TRUE))
)
