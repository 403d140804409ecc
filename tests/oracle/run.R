# Runs each chapter's script from the root of the book and stores what it printed (.out)
# and its list `oracle` (.json) in the folder named on the command line.
arguments <- commandArgs(trailingOnly = TRUE)
target <- if (length(arguments) > 0) arguments[1] else "tests/oracle"
options(width = 76, digits = 7)

for (script in setdiff(Sys.glob("tests/oracle/*.R"), "tests/oracle/run.R")) {
  chapter <- sub("\\.R$", "", basename(script))
  lines <- readLines(script)
  shown <- lines[seq_len(grep("^# For the book's tests", lines) - 1)]
  room <- new.env()
  printed <- capture.output(
    source(exprs = parse(text = shown, keep.source = TRUE), local = room, echo = TRUE,
           keep.source = TRUE, max.deparse.length = Inf, spaced = FALSE)
  )
  writeLines(sub("\\s+$", "", printed), file.path(target, paste0(chapter, ".out")))
  eval(parse(text = lines), room)
  writeLines(jsonlite::toJSON(room$oracle, digits = 12, auto_unbox = TRUE, pretty = TRUE),
             file.path(target, paste0(chapter, ".json")))
}
