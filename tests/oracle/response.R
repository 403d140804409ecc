# Response in the Ph+ patients of studies 1022 and 1010
exact <- function(x, n) binom.test(x, n)$conf.int[1:2]
exact(16, 22)
exact(15, 27)
exact(9, 16)
exact(88, 109)
exact(32, 109)

# Wilson's score interval is prop.test without the continuity correction
wilson <- function(x, n) prop.test(x, n, correct = FALSE)$conf.int[1:2]
wilson(16, 22)
wilson(15, 27)

# Newcombe's interval for the difference, from the two Wilson intervals
newcombe <- function(x1, n1, x2, n2) {
  d <- x1 / n1 - x2 / n2
  a <- wilson(x1, n1)
  b <- wilson(x2, n2)
  c(d - sqrt((x1 / n1 - a[1])^2 + (b[2] - x2 / n2)^2),
    d + sqrt((a[2] - x1 / n1)^2 + (x2 / n2 - b[1])^2))
}
newcombe(16, 22, 15, 27)

# Fisher's test: remissions, and MRD-negative remissions, over all randomised
remissions <- fisher.test(rbind(c(16, 6), c(15, 12)))$p.value
remissions
mrd_negative <- fisher.test(rbind(c(13, 9), c(5, 22)))$p.value
mrd_negative

# For the book's tests
oracle <- list(
  exact = list(ino = exact(16, 22), sc = exact(15, 27), study1010 = exact(9, 16),
               first_ino = exact(88, 109), first_sc = exact(32, 109)),
  wilson = list(ino = wilson(16, 22), sc = wilson(15, 27)),
  newcombe = newcombe(16, 22, 15, 27),
  fisher = list(remissions = remissions, mrd_negative = mrd_negative)
)
