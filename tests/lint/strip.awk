# C without its comments: prints FILE:LINE:TEXT for every line. -v strings=drop empties string and character literals.
FNR == 1 { in_comment = 0 }
{
    out = ""
    n = length($0)
    for (i = 1; i <= n; i++) {
        c = substr($0, i, 1)
        two = substr($0, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++ }
        } else if (two == "/*") {
            in_comment = 1; i++; out = out " "
        } else if (two == "//") {
            break
        } else if (c == "\"" || c == "'") {
            body = ""
            for (i++; i <= n && substr($0, i, 1) != c; i++) {
                if (substr($0, i, 1) == "\\") { body = body "\\"; i++ }
                body = body substr($0, i, 1)
            }
            out = out c (strings == "drop" ? "" : body) c
        } else {
            out = out c
        }
    }
    print FILENAME ":" FNR ":" out
}
