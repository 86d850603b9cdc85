# Reads TAP of any depth. Prints each failing leaf, then "PASSED FAILED" as the last line. A test with subtests counts
# by its subtests only, and as a failure of its own if it fails while they all pass. A skipped test is a failure.
function deeper(d,    i, found) {
    found = 0
    for (i in points) if (i + 0 > d) { found += points[i]; delete points[i] }
    return found
}
function bad_below(d,    i, found) {
    found = 0
    for (i in bad) if (i + 0 > d) { found += bad[i]; delete bad[i] }
    return found
}
!yaml && /^ *---$/ { yaml = match($0, /-/) }
yaml { if ($0 ~ /^ *\.\.\.$/ && match($0, /\./) == yaml) yaml = 0; next }
/^ *(not )?ok( |$)/ {
    depth = match($0, /[^ ]/)
    failing = ($1 == "not") || ($0 ~ /# (SKIP|TODO|skip|todo)/)
    children = deeper(depth)
    bad_children = bad_below(depth)
    points[depth]++
    if (failing) bad[depth]++
    if (children && !(failing && !bad_children)) next
    if (failing) { failed++; sub(/^ */, ""); print "  " $0 }
    else passed++
}
/^ *1\.\.[0-9]+/ && match($0, /[^ ]/) == 1 { planned = 1; plan = substr($1, 4) + 0 }
/^Bail out!/ { failed++; print "  " $0 }
END {
    top = points[1] + 0
    if (!planned) { failed++; print "  no plan: it did not come to its end" }
    else if (plan != top) { failed++; print "  planned " plan " tests, ran " top }
    else if (top == 0) { failed++; print "  no test ran" }
    print passed + 0 " " failed + 0
}
