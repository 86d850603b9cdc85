# Sourced, not run. Messages and the way to root. Needs $root, the top folder.

say() { printf '==> %s\n' "$*"; }
warn() { printf 'dev: %s\n' "$*" >&2; }

die() { # die MESSAGE [REMEDY]
    printf 'dev: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '     %s\n' "$2" >&2
    exit 1
}

is_root() { [ "$(id -u)" = 0 ]; }

# Runs a command as root. A password is asked for only where somebody can type it.
as_root() {
    if is_root; then
        "$@"
    elif ! command -v sudo >/dev/null; then
        die "root is needed to install packages, and sudo is not there" \
            "As root: apt-get install sudo, or run ./dev as root once."
    elif [ -t 0 ]; then
        sudo "$@"
    else
        sudo -n "$@" || die "failed as root: $*" "If sudo wants a password, run ./dev in a terminal once."
    fi
}

# Runs a command quietly; shows the end of its log if it fails.
logged() { # logged LOG COMMAND...
    log=$1
    shift
    mkdir -p "$(dirname "$log")"
    if ! "$@" >"$log" 2>&1; then
        tail -n 12 "$log" >&2
        return 1
    fi
}
