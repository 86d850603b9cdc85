# Sourced, not run. What tests/run and tests/pictures stand on: a private Postgres, and the clients of tests/e2e. Needs
# deps/lib.sh and deps/postgres.sh; sets $cluster.
# shellcheck shell=sh disable=SC2154 # $root and $logs are the caller's

start_postgres() {
    cluster=$(mktemp -d "${TMPDIR:-/tmp}/ringback-test.XXXXXX")/pg
    chmod 755 "${cluster%/*}"
    pg_create "$cluster"
    echo 'max_connections = 300' >>"$cluster/postgresql.conf" # a dozen servers at a time, and their tests
    for _ in 1 2 3 4 5; do
        port=$(shuf -i 20000-32000 -n 1)
        if pg_start "$cluster" "$port" ''; then
            RINGBACK_TEST_PGBIN=$(pg_bin "$cluster")
            export RINGBACK_TEST_PGBIN RINGBACK_TEST_PGDATA="$cluster" RINGBACK_TEST_PGUSER=postgres
            export RINGBACK_TEST_DATABASE_URL="postgresql://postgres@127.0.0.1:$port/postgres"
            return 0
        fi
    done
    tail -n 20 "$cluster/server.log" >&2
    die "the test Postgres does not start"
}

# Installs the clients once for each state of the lock file.
npm_ready() {
    cmp -s tests/e2e/package-lock.json tests/e2e/node_modules/.lock-of-this || {
        say "npm ci in tests/e2e"
        (cd tests/e2e && logged "$root/$logs/npm.log" npm ci --no-audit --no-fund --ignore-scripts) ||
            die "npm ci failed" "Is there a network? Does 'npm ping' work? The log is $logs/npm.log"
        cp tests/e2e/package-lock.json tests/e2e/node_modules/.lock-of-this
    }
}
