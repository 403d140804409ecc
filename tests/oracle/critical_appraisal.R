# Reading an abstract: P values with a side, intervals, corrections for several tests
tables <- list(tp53 = matrix(c(5, 0, 1, 7), 2, byrow = TRUE),
               like = matrix(c(6, 1, 0, 5), 2, byrow = TRUE),
               high_risk = matrix(c(10, 2, 2, 17), 2, byrow = TRUE))
fisher <- function(table, side = "two.sided") fisher.test(table, alternative = side)$p.value
one_sided <- sapply(tables, fisher, side = "greater")
one_sided
two_sided <- sapply(tables, fisher)
two_sided

# The Ph+ abstract: Newcombe's interval from two score intervals, and Fisher's P
newcombe <- function(a, n, b, m) {
  score <- function(x, n) prop.test(x, n, correct = FALSE)$conf.int
  p <- score(a, n); q <- score(b, m); d <- a / n - b / m
  100 * c(d, d - sqrt((a / n - p[1])^2 + (q[2] - b / m)^2),
          d + sqrt((p[2] - a / n)^2 + (b / m - q[1])^2))
}
counts <- list(response = c(16, 22, 15, 27), mrd = c(13, 16, 5, 15),
               hsct = c(9, 22, 5, 27), mrd_all = c(13, 22, 5, 27))
differences <- sapply(counts, function(k) newcombe(k[1], k[2], k[3], k[4]))
differences
p_rates <- sapply(counts, function(k) fisher(matrix(c(k[1], k[2] - k[1], k[3], k[4] - k[3]), 2, byrow = TRUE)))
p_rates

# Unconditional tests of MRD among those in CR/CRi: every pair of counts, every common rate
unconditional <- function(a, n, b, m, pooled) {
  far <- function(x, y) {
    p <- (x + y) / (n + m)
    v <- if (pooled) p * (1 - p) * (1 / n + 1 / m) else x * (n - x) / n^3 + y * (m - y) / m^3
    ifelse(x * m == y * n, 0, (x / n - y / m)^2 / v)
  }
  pairs <- expand.grid(x = 0:n, y = 0:m)
  pairs <- pairs[far(pairs$x, pairs$y) >= far(a, b) - 1e-9, ]
  max(sapply(seq(0.001, 0.999, 0.001), function(rate)
    sum(dbinom(pairs$x, n, rate) * dbinom(pairs$y, m, rate))))
}
barnard <- c(pooled = unconditional(13, 16, 5, 15, TRUE), unpooled = unconditional(13, 16, 5, 15, FALSE))
barnard

# The hazard ratio: standard error and P from the printed interval
error <- log(2.14 / 0.64) / (2 * qnorm(0.975))
p_survival <- 2 * pnorm(-abs(log(1.17)) / error)
p_survival

# Four endpoints and PFS with the smallest P that its print allows
five <- c(p_rates[["response"]], p_rates[["mrd_all"]], p_rates[["hsct"]], 0.128, p_survival)
p.adjust(five, "holm")
p.adjust(five, "bonferroni")

# Exact intervals of the survey of 72 reports
exact <- function(k) 100 * binom.test(k, 72)$conf.int
exact(42)
exact(27)

# The true error of Fisher's test at 5% with 22 and 27 patients
true_error <- function(rate) {
  pairs <- expand.grid(a = 0:22, b = 0:27)
  p <- mapply(function(a, b) fisher(matrix(c(a, 22 - a, b, 27 - b), 2, byrow = TRUE)), pairs$a, pairs$b)
  sum(dbinom(pairs$a, 22, rate) * dbinom(pairs$b, 27, rate) * (p <= 0.05))
}
true_error(0.63)

# For the book's tests
oracle <- list(
  one_sided = as.list(one_sided), two_sided = as.list(two_sided),
  differences = lapply(counts, function(k) newcombe(k[1], k[2], k[3], k[4])),
  p_rates = as.list(p_rates), barnard = as.list(barnard), error = error, p_survival = p_survival,
  holm = p.adjust(five, "holm"),
  spin = list(conclusions = as.numeric(exact(42)), results = as.numeric(exact(27))),
  true_error = true_error(0.63)
)
