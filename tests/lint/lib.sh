# Sourced by every check. A check looks at the tree in $1 (this one unless said), prints FILE:LINE: MESSAGE for each
# finding, and ends with 1 if there was any.
# shellcheck disable=SC2034 # lint is for the checks
lint=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$lint/../..}" || exit 2
export LC_ALL=C

# A check without its tool must not pass.
for tool in ctags clang-format-19 clang-tidy-19; do
    command -v $tool >/dev/null || { echo "lint: $tool is not installed: ./dev lint installs it" >&2; exit 2; }
done

# C files of the named folders that exist.
c_files() { # c_files FOLDER...
    for folder; do [ ! -d "$folder" ] || find "$folder" -name '*.[ch]' -not -path '*/node_modules/*'; done | sort
}

# Prints standard input; fails if there is any.
report() { ! grep .; }

# ctags, one line each: NAME FILE LINE KIND END SIGNATURE STATIC, tab between.
tags() { # tags KINDS < list of files
    ctags --quiet -L - -f - --sort=no --languages=C --langmap=C:.c.h --kinds-C="$1" --excmd=number --fields=keSf |
        awk -F '\t' -v OFS='\t' '{
            line = $3 + 0; end = signature = ""; scope = "global"
            for (i = 5; i <= NF; i++) {
                if ($i ~ /^end:/) end = substr($i, 5)
                else if ($i ~ /^signature:/) signature = substr($i, 11)
                else if ($i ~ /^file:/) scope = "static"
            }
            print $1, $2, line, $4, end, signature, scope
        }'
}
