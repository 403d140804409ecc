# A single-arm trial: study 1010, and two-stage designs
p_value <- function(x, n, null) binom.test(x, n, null, alternative = "greater")$p.value
p_value(4, 5, 0.40)
p_value(49, 72, 0.44)
p_value(9, 16, 0.44)

# Highest null rate rejected: the lower limit of the one-sided exact interval
highest <- function(x, n) binom.test(x, n, alternative = "greater")$conf.int[1]
highest(49, 72)
highest(9, 16)

# A two-stage design r1/n1, r/n: early stopping, promising, mean number of patients
two_stage <- function(r1, n1, r, n, rate) {
  first <- (r1 + 1):n1
  early <- pbinom(r1, n1, rate)
  c(early = early,
    promising = sum(dbinom(first, n1, rate) *
                      pbinom(r - first, n - n1, rate, lower.tail = FALSE)),
    patients = n1 + (1 - early) * (n - n1))
}
two_stage(1, 3, 2, 5, 0.5)
two_stage(5, 15, 18, 46, 0.30)
two_stage(5, 15, 18, 46, 0.35)
two_stage(5, 15, 18, 46, 0.50)

# After 19 of 46: the stagewise P value, and the unbiased estimate
stagewise <- two_stage(5, 15, 18, 46, 0.30)[["promising"]]
stagewise
unbiased <- function(s, r1, n1, n) {
  first <- (r1 + 1):min(s, n1)
  ways <- choose(n1, first) * choose(n - n1, s - first)
  sum(ways * first) / sum(ways) / n1
}
unbiased(3, 1, 3, 5)
unbiased(19, 5, 15, 46)

# Mean naive estimate of the trials that pass, at the null rate and at the target
naive_if_passed <- function(rate, r1 = 5, n1 = 15, r = 18, n = 46) {
  s <- (r + 1):n
  chance <- sapply(s, function(total) {
    first <- (r1 + 1):min(total, n1)
    sum(dbinom(first, n1, rate) * dbinom(total - first, n - n1, rate))
  })
  sum(chance * s / n) / sum(chance)
}
naive_if_passed(0.30)
naive_if_passed(0.50)

# Two studies with one true rate: how often do 16 and 22 patients differ so much?
gap_at_least <- function(rate) {
  chance <- outer(dbinom(0:16, 16, rate), dbinom(0:22, 22, rate))
  gap <- abs(outer(0:16 / 16, 0:22 / 22, "-"))
  sum(chance[gap >= 16 / 22 - 9 / 16 - 1e-9])
}
gap_at_least(0.66)

# For the book's tests
oracle <- list(
  p_value = list(hand = p_value(4, 5, 0.40), all = p_value(49, 72, 0.44), ph = p_value(9, 16, 0.44)),
  highest = list(all = highest(49, 72), ph = highest(9, 16)),
  two_stage = list(tiny = unname(two_stage(1, 3, 2, 5, 0.5)),
                   null = unname(two_stage(5, 15, 18, 46, 0.30)),
                   five = unname(two_stage(5, 15, 18, 46, 0.35)),
                   target = unname(two_stage(5, 15, 18, 46, 0.50))),
  stagewise = stagewise,
  unbiased = list(tiny = unbiased(3, 1, 3, 5), simon = unbiased(19, 5, 15, 46)),
  passed = list(null = naive_if_passed(0.30), target = naive_if_passed(0.50)),
  gap = gap_at_least(0.66)
)
