# Sourced, not run. What ./dev run shows: a demo business with thirty days of made-up history and people who may sign in,
# a recorded call replayed through the real endpoints, and what the server made of it. Needs lib.sh and postgres.sh.
# shellcheck disable=SC2154 # $root, $db_url and $db_cluster are the caller's

listen=${LISTEN:-127.0.0.1:8080}
admin=${ADMIN_LISTEN:-127.0.0.1:9464}
case $listen in 0.0.0.0:*) base=http://127.0.0.1:${listen#*:} ;; *) base=http://$listen ;; esac
recorded_call=019a97f2-6d40-7b3c-9f51-2c8e4a1d7b06 # in tests/fixtures/call-sequence.ndjson
unanswered_call=CA5d0e7b2c9f4a1836d2b7c0e5a8f19364 # ours, for a call that no assistant takes
server_log=$root/.local/log/server.log

demo_run() {
    db_was_up=no
    [ ! -e "$db_cluster" ] || ! pg_is_up "$db_cluster" || db_was_up=yes
    server='' follower=''
    trap demo_stop EXIT
    trap 'exit 0' INT TERM
    db_start
    demo_settings
    say "migrating"
    MIGRATE_DATABASE_URL=$db_url build/release/ringback migrate --local
    say "thirty days of a demo business"
    MIGRATE_DATABASE_URL=$db_url build/release/ringback demo --password "$DEMO_PASSWORD"
    demo_serve
    known=$(echo "select 1 from calls where provider_call_id = :'call' and ended_at is not null" |
        db_psql -A -t -v call="$recorded_call" "$db_url")
    if [ "$known" ]; then
        say "the recorded call is here from an earlier run"
    else
        demo_replay
    fi
    demo_summary
    demo_try
    tail -n 0 -f --pid="$server" "$server_log" &
    follower=$!
    wait "$server" || die "the server ended with $?" "The log is .local/log/server.log"
}

demo_stop() {
    status=$?
    trap '' INT TERM
    trap - EXIT
    if [ "$server" ] && kill -TERM "$server" 2>/dev/null; then
        wait "$server" && say "server stopped" || warn "the server ended with $?; the log is .local/log/server.log"
    fi
    [ -z "$follower" ] || kill "$follower" 2>/dev/null || true
    [ "$db_was_up" = yes ] || db_stop
    exit "$status"
}

# Local secrets are made once; what is set outside wins.
demo_settings() {
    if [ ! -e .local/env ]; then
        (
            umask 077
            {
                echo "# Read by ./dev run; settings of the environment win. Provider keys may be added here."
                echo "TWILIO_AUTH_TOKEN=$(openssl rand -hex 16)"
                echo "VAPI_WEBHOOK_SECRET=$(openssl rand -hex 16)"
            } >.local/env
        )
    fi
    grep -q '^DEMO_PASSWORD=' .local/env || echo "DEMO_PASSWORD=larkspur-$(openssl rand -hex 4)" >>.local/env
    while IFS='=' read -r name value; do
        case $name in '' | '#'*) continue ;; esac
        eval "[ \"\${$name+set}\" ]" || export "$name=$value"
    done <.local/env
    export LISTEN="$listen" ADMIN_LISTEN="$admin" PUBLIC_URL="${PUBLIC_URL:-$base}" LOG_FORMAT="${LOG_FORMAT:-text}"
}

demo_serve() {
    case $(curl -s -o /dev/null -w '%{http_code}' --max-time 2 "$base/healthz") in
    000) ;;
    *) die "something answers on $listen already" "Stop it, or choose another address: LISTEN=127.0.0.1:8081 ./dev run" ;;
    esac
    # In a session of its own, Ctrl-C reaches it once only: through demo_stop.
    DATABASE_URL=$(echo "$db_url" | sed 's|postgres@|ringback_server@|') \
        setsid build/release/ringback serve >"$server_log" 2>&1 &
    server=$!
    for _ in $(seq 150); do
        kill -0 "$server" 2>/dev/null || break
        case $(curl -s -o /dev/null -w '%{http_code}' --max-time 2 "$base/readyz") in 200) return 0 ;; esac
        sleep 0.2
    done
    tail -n 10 "$server_log" >&2
    ! grep -qi 'address already in use' "$server_log" ||
        die "$listen or $admin is in use" "Choose others: LISTEN=127.0.0.1:8081 ADMIN_LISTEN=127.0.0.1:9465 ./dev run"
    die "the server does not get ready" "The log is .local/log/server.log"
}

# Posts each recorded message as Vapi would, then a call that Vapi never gets to answer.
demo_replay() {
    say "replaying a recorded call: $(wc -l <tests/fixtures/call-sequence.ndjson) webhooks"
    folder=$(mktemp -d)
    split -l 1 -a 4 tests/fixtures/call-sequence.ndjson "$folder/message."
    for message in "$folder"/message.*; do
        code=$(curl -s -o "$folder/answer" -w '%{http_code}' -H "x-vapi-secret: $VAPI_WEBHOOK_SECRET" \
            -H 'content-type: application/json' --data-binary "@$message" "$base/api/vapi-webhook")
        [ "$code" = 200 ] || die "the server answered $code to a recorded message" "$(cat "$folder/answer")"
    done
    rm -rf "$folder"
    say "a second caller rings; without Vapi's keys the caller hears the fallback:"
    demo_ring
    echo
}

# Twilio's parameters of that call, in the order in which a signature wants them.
demo_fields='AccountSid=AC3f9b1d7e5a2c4860b8d6f4e2a0c19375 ApiVersion=2010-04-01 '
demo_fields=$demo_fields"CallSid=$unanswered_call CallStatus=ringing Direction=inbound From=+16465550199 To=+12125550142"

demo_signature() {
    printf '%s' "$PUBLIC_URL/api/webhook$(echo "$demo_fields" | tr -d ' =')" |
        openssl dgst -sha1 -hmac "$TWILIO_AUTH_TOKEN" -binary | openssl base64
}

demo_ring() {
    set --
    for field in $demo_fields; do set -- "$@" --data-urlencode "$field"; done
    curl -s -H "X-Twilio-Signature: $(demo_signature)" "$@" "$base/api/webhook"
}

demo_summary() {
    db_psql -A -t -v recorded="$recorded_call" -v unanswered="$unanswered_call" -f deps/demo_summary.sql "$db_url" |
        awk -v width=110 '{
            indent = /^  [0-9][0-9]:/ ? 23 : 14
            while (length($0) > width) {
                cut = width
                while (cut > indent && substr($0, cut, 1) != " ") cut--
                if (cut == indent) break
                print substr($0, 1, cut - 1)
                $0 = sprintf("%" indent "s", "") substr($0, cut + 1)
            }
            print
        }'
}

demo_try() {
    cat <<END

Open  $base/  in a browser.

  sign in as  owner@larkspur.example, or staff@larkspur.example who may only read
  password    $DEMO_PASSWORD

Try, in another terminal. The first is a call that comes in: it appears on the page by itself.

  curl -s -H "x-vapi-secret: $VAPI_WEBHOOK_SECRET" --json '{"message":{"type":"status-update","status":"in-progress","call":{"id":"'\$(cat /proc/sys/kernel/random/uuid)'"},"customer":{"number":"+16465550123"},"phoneNumber":{"number":"+12125550142"}}}' $base/api/vapi-webhook

  TOKEN=\$(curl -s --json '{"email":"owner@larkspur.example","password":"$DEMO_PASSWORD"}' '$base/auth/v1/token?grant_type=password' | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s -w '\n' -H "Authorization: Bearer \$TOKEN" '$base/api/v1/calls?limit=3'

Real calls need keys, in the environment or in .local/env: TWILIO_AUTH_TOKEN, VAPI_API_KEY, VAPI_PHONE_NUMBER_ID, and
PUBLIC_URL, the https address under which both reach this machine. Without them no call reaches an assistant, and the
recordings of the made-up calls cannot be played. The daily mail is made and kept here; RESEND_API_KEY and RESEND_FROM, or
SMTP_URL, send it. Metrics are on http://$admin/metrics.

The data is in .local/pg (./dev db psql), the log in .local/log/server.log and here. Ctrl-C stops server and Postgres.

END
}
