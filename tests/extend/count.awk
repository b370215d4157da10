# Counts what a patch adds: `new=2 rows=2 removed=0 tests=3`.
#   new      files that did not exist before
#   rows     lines added to files that existed
#   removed  lines taken from files that existed
#   tests    lines of tests: files below a folder tests/, and what stands in a Rust file from its `mod tests {` on.
#            They are counted apart, for an extension may bring as many tests as it likes.
# Blank lines are not counted. Run it in the root of the repository that the patch is for: it looks where tests begin there.

function begin(file,    line, at) {
    tests_from = 1e9
    if (file ~ /(^|\/)tests\//) { tests_from = 0; return }
    at = 0
    while ((getline line < file) > 0) {
        at++
        if (line == "mod tests {") tests_from = at
    }
    close(file)
}
/^--- / { is_new = ($2 == "/dev/null"); next }
/^\+\+\+ / {
    file = substr($2, 3)
    begin(file)
    if (is_new && tests_from > 0) new++
    next
}
# @@ -12,3 +12,4 @@: the line of the old file at which the hunk begins.
/^@@ / { split(substr($2, 2), range, ","); old = range[1]; next }
/^ / { old++; next }
/^-/ { old++; if (!is_new) removed++; next }
/^\+./ {
    if ($0 == "+mod tests {") tests_from = old
    if (old >= tests_from) tests++
    else if (!is_new) rows++
}
END { printf "new=%d rows=%d removed=%d tests=%d\n", new, rows, removed, tests }
