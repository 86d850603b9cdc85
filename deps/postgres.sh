# Sourced, not run. Private Postgres clusters: any folder, any port, only this machine. Needs lib.sh.
# Local connections are trusted: these clusters hold samples and tests, never a customer.
# shellcheck disable=SC2154 # $root is the caller's

# Postgres refuses to run as root: then it is user postgres, who may not be allowed into this folder.
pg_run() {
    if is_root; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# Prints the folder of Postgres's programs: of the version that made this cluster, else the newest.
pg_bin() { # pg_bin CLUSTER
    version=$(cat "$1/PG_VERSION" 2>/dev/null || true)
    bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -path "*/${version:-*}/bin" 2>/dev/null | sort -V | tail -n 1)
    [ "$bin" ] || die "no programs of Postgres ${version:-} under /usr/lib/postgresql" \
        "${version:+Install postgresql-$version, or remove $1 to begin with empty tables.}"
    echo "$bin"
}

# Makes an empty cluster in an empty or new folder.
pg_create() { # pg_create CLUSTER
    mkdir -p "$1"
    ! is_root || chown postgres "$1"
    chmod 700 "$1"
    pg_run "$(pg_bin "$1")/initdb" -D "$1" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null ||
        die "initdb failed for $1"
}

pg_is_up() { # pg_is_up CLUSTER
    pg_run "$(pg_bin "$1")/pg_ctl" -D "$1" status >/dev/null 2>&1
}

# Starts a cluster and waits until it answers. 1 if it does not; why is in CLUSTER/server.log.
pg_start() { # pg_start CLUSTER PORT SOCKET_DIR
    socket_dir=$3
    [ ${#socket_dir} -lt 90 ] || socket_dir='' # the kernel's limit for the name of a socket
    pg_run "$(pg_bin "$1")/pg_ctl" -D "$1" -l "$1/server.log" -w -t 60 -s \
        -o "-c listen_addresses=127.0.0.1 -c port=$2 -c unix_socket_directories='$socket_dir'" start >/dev/null 2>&1
}

pg_stop() { # pg_stop CLUSTER
    pg_run "$(pg_bin "$1")/pg_ctl" -D "$1" -m fast -w -t 60 -s stop >/dev/null 2>&1
}

# The cluster of ./dev run and ./dev db.
db_port=${RINGBACK_DB_PORT:-54329}
db_url=postgresql://postgres@127.0.0.1:$db_port/ringback
db_cluster=$(readlink -f "$root/.local/pg" || true)

db_psql() { # db_psql ARGUMENT...
    "$(pg_bin "$db_cluster")/psql" -X -q -v ON_ERROR_STOP=1 "$@"
}

db_start() {
    [ -e "$db_cluster" ] || db_make
    owner=$(stat -c %U "$db_cluster")
    if is_root; then user=postgres; else user=$(id -un); fi
    [ "$owner" = "$user" ] || die ".local/pg was made by another user (it belongs to $owner)" \
        "Go on as that user, or remove .local/pg to begin with empty tables."
    if ! pg_is_up "$db_cluster"; then
        sockets=$root/.local/pg-socket
        pg_run test -w "$sockets" || sockets=''
        pg_start "$db_cluster" "$db_port" "$sockets" || db_explain
        say "Postgres runs on port $db_port, data in .local/pg"
    fi
    db_port=$(sed -n 4p "$db_cluster/postmaster.pid") # it may be up already, on another port
    db_url=postgresql://postgres@127.0.0.1:$db_port/ringback
    [ "$(db_psql -A -t -c "select 1 from pg_database where datname = 'ringback'" "${db_url%/*}/postgres")" ] ||
        db_psql -c 'create database ringback' "${db_url%/*}/postgres"
}

# User postgres may not be allowed into root's folders. Then the data lives beside Debian's own clusters.
db_make() {
    say "making a private Postgres in .local/pg"
    mkdir -p "$root/.local/pg-socket"
    ! is_root || chown postgres "$root/.local/pg-socket"
    if ! pg_run test -w "$root/.local/pg-socket"; then
        db_cluster=/var/lib/postgresql/ringback-$(echo "$root" | cksum | cut -d ' ' -f 1)
        ln -s "$db_cluster" "$root/.local/pg"
    fi
    pg_create "$db_cluster"
}

db_explain() {
    tail -n 5 "$db_cluster/server.log" >&2
    if grep -q 'Address already in use' "$db_cluster/server.log"; then
        die "port $db_port is in use" "Choose another one: RINGBACK_DB_PORT=54330 ./dev ..."
    fi
    die "Postgres does not start" "The log is .local/pg/server.log"
}

db_stop() {
    if [ -e "$db_cluster" ] && pg_is_up "$db_cluster"; then
        pg_stop "$db_cluster"
        say "Postgres stopped"
    fi
}
