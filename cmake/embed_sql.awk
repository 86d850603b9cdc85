# Reads .sql files, writes a C table of them. -v what=statements|migrations -v out=DIR
# "-- part: x" begins a text that is no statement, "-- include: x" puts it into a statement or a part further down.

function quoted(line) {
    gsub(/["\\]/, "\\\\&", line)
    return "        \"" line "\\n\"\n"
}
function add(text) {
    if (name != "") body = body text
    else if (part != "") parts[part] = parts[part] text
}
function flush_statement() {
    if (name != "") {
        header = header "    STMT_" toupper(name) ",\n"
        table = table "    {\"" name "\",\n" body "        , \"" role "\"},\n"
    }
    name = ""; role = ""; body = ""; part = ""
}
function flush_file() {
    if (file == "") return
    base = file; sub(/.*\//, "", base); sub(/\.sql$/, "", base)
    version = base; sub(/_.*/, "", version)
    title = base; sub(/^[0-9]+_/, "", title)
    row = "    {\"" version "\", \"" title "\",\n" body "    },\n"
    if (file ~ /\/local\//) local_rows = local_rows row
    else rows = rows row
    body = ""
}
what == "statements" && /^-- name: / { flush_statement(); name = $3; next }
what == "statements" && /^-- part: / { flush_statement(); part = $3; next }
what == "statements" && /^-- include: / {
    if (!($3 in parts)) { print FILENAME ": no part " $3 " above" > "/dev/stderr"; failed = 1; exit 1 }
    add(parts[$3]); next
}
what == "statements" && /^-- role: / { role = $3; next }
what == "statements" {
    if ($0 ~ /^[ \t]*(--|$)/) next
    add(quoted($0)); next
}
FNR == 1 { flush_file(); file = FILENAME }
{ body = body quoted($0) }
END {
    if (failed) exit 1
    if (what == "statements") {
        flush_statement()
        h = out "/sql_statements.h"; c = out "/sql_statements.c"
        print "#pragma once\n/* Made from sql/statements. */\n" > h
        print "enum sql_statement_id {\n" header "    STMT_COUNT\n};\n" > h
        print "/* One prepared statement: its name on the server, its text, the role it runs under. */" > h
        print "struct sql_statement {\n    const char *name, *text, *role;\n};\n" > h
        print "extern const struct sql_statement sql_statements[STMT_COUNT];" > h
        print "#include \"sql_statements.h\"\n\nconst struct sql_statement sql_statements[STMT_COUNT] = {\n" table "};" > c
    } else {
        flush_file()
        h = out "/sql_migrations.h"; c = out "/sql_migrations.c"
        print "#pragma once\n/* Made from sql/migrations and sql/local. Both tables end with a row whose version is NULL. */\n" > h
        print "struct sql_migration {\n    const char *version, *name, *text;\n};\n" > h
        print "extern const struct sql_migration sql_migrations[];\nextern const struct sql_migration sql_local[];" > h
        print "#include \"sql_migrations.h\"\n\nconst struct sql_migration sql_migrations[] = {\n" rows "    {0, 0, 0},\n};\n" > c
        print "const struct sql_migration sql_local[] = {\n" local_rows "    {0, 0, 0},\n};" > c
    }
}
