#pragma once
/* Every limit in the program: one line and one reason each. Bytes, milliseconds or a count, as the name says. */

/* HTTP, inbound */
#define CAP_HEAD_BYTES 16384             /* request line and headers together: nginx and HAProxy stop here too */
#define CAP_HEADERS 100                  /* header lines of one request */
#define CAP_TARGET_BYTES 8192            /* one request target */
#define CAP_FORM_BYTES 65536             /* Twilio forms: 1 to 4 kB in practice */
#define CAP_VAPI_BYTES (16u << 20)       /* a two-hour call's report passes 3 MB; no upper bound is documented */
#define CAP_NO_BODY_BYTES 0              /* GET routes */
#define CAP_BODIES_BYTES (256u << 20)    /* all request bodies in flight */
#define CAP_REPLY_BYTES (4u << 20)       /* one answer */
#define CAP_REPLY_MESSAGE_BYTES 1024     /* an error in words, with its JSON */
#define CAP_GZIP_LEAST_BYTES 1024        /* below that gzip hardly makes one packet less */
#define CAP_STREAM_BYTES (256u << 10)    /* of a stream waiting for its client; then its handler waits */
#define CAP_STREAM_MOST_BYTES (4u << 20) /* the same with the piece that came last */
#define CAP_PARAM_BYTES 64               /* a parameter in a path */
#define CAP_RECEIVE_BYTES 65536          /* one read from a socket; one buffer for all clients of a listener */
#define CAP_PENDING_BYTES 32768          /* bytes read ahead of the request being handled; then reading stops */
#define CAP_REPLY_LINES_BYTES 8192       /* headers that a handler adds to its answer */
#define CAP_CONNECTIONS 12000            /* clients of one listener */
#define CAP_TRUSTED_PROXIES 32           /* networks whose X-Forwarded-For is believed */
#define CAP_CONNECTIONS_PER_ADDRESS 256  /* clients of one public address; private ones are proxies */
#define CAP_ACCEPTS_PER_SECOND 1000      /* new clients of one listener */
#define CAP_REQUESTS_PER_CONNECTION 1000 /* so that balancers rebalance */
#define CAP_HEAD_MS 5000                 /* a whole head */
#define CAP_BODY_MS 10000                /* a whole body */
#define CAP_BODY_GRACE_MS 2000           /* before the slowest body rate is asked for */
#define CAP_BODY_SLOWEST_BYTES_PER_S 1024
#define CAP_IDLE_MS 75000        /* keep-alive: must exceed a proxy's own idle time-out */
#define CAP_WRITE_MS 10000       /* without progress */
#define CAP_WRITE_WHOLE_MS 60000 /* a whole answer */
#define CAP_STREAM_MS 1800000    /* a whole stream: a long recording over a slow line */
#define CAP_LINGER_MS 1000       /* for the client to read our last word before the connection goes */
#define CAP_ACCEPT_PAUSE_MS 100  /* without new clients, after descriptors ran out */
#define CAP_BACKLOG 1024
#define CAP_DRAIN_MS 10000 /* in-flight requests at shutdown */

/* JSON */
#define CAP_JSON_DEPTH 64   /* deepest real message: 11 */
#define CAP_JSON_LIST 20000 /* messages in one report: 206 in a 24-minute call */
#define CAP_FORM_FIELDS 400 /* Twilio sends about 30 */

/* Ingest */
#define CAP_INGEST_EVENTS 2048       /* waiting, all together */
#define CAP_INGEST_BYTES (32u << 20) /* stored bytes waiting, all together */
#define CAP_BATCH_EVENTS 200         /* where the curve of cost per event flattens */
#define CAP_BATCH_BYTES (4u << 20)
#define CAP_BATCH_KEEP_BYTES (1u << 20) /* a column's memory above this is given back between batches */
#define CAP_BATCHES_IN_FLIGHT 2         /* one commits while the next is built; a third gains nothing on two cores */
#define CAP_INGEST_MS 5000              /* until a fact is refused with 503 */
#define CAP_SINGLES_IN_FLIGHT 32        /* events resent alone after their batch was refused */
#define CAP_MERGE_MS 2000               /* two rows of one call becoming one */
#define CAP_EVENT_TRIES 5               /* of one event alone, for conflicts between instances */

/* Live calls */
#define CAP_VOICE_MS 6000        /* TwiML, of Twilio's 15 s */
#define CAP_VOICE_RESERVE_MS 400 /* kept back of it for our own work after Vapi's answer */
#define CAP_VOICE_STORE_MS 800   /* row written first; then on without it */
#define CAP_CONTROL_STORE_MS 50  /* a live answer waits so long for its event to be durable */
#define CAP_TWIML_BYTES 65536    /* Twilio's limit, error 11750 */
#define CAP_VOICE_ANSWERS 2048   /* CallSids whose TwiML is remembered in memory */
#define CAP_VOICE_IN_FLIGHT 2000 /* voice requests being answered */

/* Database */
#define CAP_DB_PIPELINE 64  /* units in flight on one connection */
#define CAP_DB_WAITING 1024 /* units waiting for a connection */
#define CAP_DB_UNIT_MS 5000 /* a unit, waiting time included */
#define CAP_DB_CONNECT_MS 5000
#define CAP_DB_RETRY_FIRST_MS 100 /* connection retries: doubled each time, with full jitter */
#define CAP_DB_RETRY_MOST_MS 5000
#define CAP_DB_STATEMENTS 4            /* in one unit */
#define CAP_DB_PARAMS 40               /* of one statement */
#define CAP_DB_ARRAY_BYTES (64u << 20) /* one array parameter */
#define CAP_DB_CONNECTIONS 16          /* of one pool */

/* Calls to other parties */
#define CAP_FETCH_IN_FLIGHT 1000
#define CAP_FETCH_PER_HOST 100          /* connections to one host */
#define CAP_FETCH_BODY_BYTES (1u << 20) /* an answer that we read into memory */
#define CAP_FETCH_HEAD_BYTES 16384      /* the answer's headers that we read */
#define CAP_FETCH_PART_BYTES 65536      /* of a stream, read ahead of its owner */
#define CAP_FETCH_STALL_MS 10000        /* a stream without a byte */
#define CAP_FETCH_CONNECT_MS 2000
#define CAP_FETCH_WATCHDOG_MS 1000 /* past the deadline, when libcurl slept through it */
#define CAP_FETCH_KEEP_S 50        /* idle connections: balancers close theirs after 60 s */
#define CAP_FETCH_SPARE 64         /* ended calls whose handles wait for the next one */
#define CAP_FETCH_MAILS 2          /* by SMTP at the same time, each in a thread of its own, of libuv's four */
#define CAP_BREAKER_WINDOW 20      /* calls that a circuit breaker looks back on */
#define CAP_BREAKER_LEAST 5        /* failures before it may open */
#define CAP_BREAKER_OPEN_MS 10000  /* then one call is let through to try */

/* Who is asking */
#define CAP_TOKEN_BYTES 8192         /* an access token: a real one has about 1000 */
#define CAP_TOKEN_DEPTH 8            /* of its header and payload; real: 3 */
#define CAP_TOKEN_MEMBERS 128        /* of one object in them: duplicates are searched for */
#define CAP_TOKEN_KID_BYTES 64       /* the name of a key */
#define CAP_TOKEN_KEYS 16            /* keys in use: one signs, one stands by, some were used before */
#define CAP_TOKEN_LEEWAY_S 30        /* between our clock and the signer's */
#define CAP_TOKEN_SECRET_BYTES 1024  /* of HS256 */
#define CAP_TOKEN_WAITING 1024       /* checks that wait for keys */
#define CAP_JWKS_BYTES 65536         /* a set of keys: a real one has 300 to 2000 */
#define CAP_JWKS_MS 5000             /* one fetch of it */
#define CAP_JWKS_FRESH_MS 600000     /* Supabase: not to be kept longer than 10 minutes */
#define CAP_JWKS_KEEP_MS 86400000    /* last good keys while fetches fail */
#define CAP_JWKS_REFETCH_MS 30000    /* between fetches that an unknown key caused */
#define CAP_JWKS_RETRY_FIRST_MS 1000 /* after a failed fetch; doubled each time up to CAP_JWKS_REFETCH_MS */

/* Sign-in */
#define CAP_PASSWORD_BYTES 72            /* what bcrypt reads; longer ones are refused */
#define CAP_PASSWORD_LEAST_BYTES 8       /* of a new one */
#define CAP_PASSWORD_COST 14             /* of a hash that came from elsewhere: about a second; ours have 10 */
#define CAP_PASSWORDS_AT_ONCE 2          /* of libuv's four threads: names must still be looked up */
#define CAP_PASSWORDS_WAITING 64         /* about two seconds of work */
#define CAP_SIGN_IN_BYTES 65536          /* a request to /auth/v1: real ones have some hundred */
#define CAP_USER_METADATA_BYTES 2048     /* it travels in every access token */
#define CAP_SESSIONS_PER_USER 100        /* the one that was idle longest ends */
#define CAP_REFRESH_TOKENS 1000          /* used ones of a session that are still recognised */
#define CAP_REFRESH_REUSE_S 10           /* a used one may come again: two tabs, a lost answer */
#define CAP_REFRESH_CHAIN 64             /* so many refreshes may lie between */
#define CAP_ACCESS_TOKEN_S 3600          /* its life */
#define CAP_SIGN_INS_PER_SECOND 50       /* whole server */
#define CAP_SIGN_INS_PER_ADDRESS 20      /* a minute */
#define CAP_SIGN_IN_FREE 5               /* failures of an account before it must wait */
#define CAP_SIGN_IN_DELAY_MS 1000        /* the first wait; doubled each time up to the next line */
#define CAP_SIGN_IN_DELAY_MOST_MS 900000 /* never for ever: others could lock an owner out */
#define CAP_SIGN_IN_FORGET_MS 3600000    /* failures are forgotten after an hour without one */
#define CAP_SIGN_IN_ACCOUNTS 65536       /* remembered at the same time */
#define CAP_SIGN_IN_ADDRESSES 65536      /* slots; addresses share them */
#define CAP_RECOVERY_LOG_MS 60000        /* between two lines that somebody has forgotten a password */
#define CAP_SIGNING_KEYS_POLL_MS 60000   /* how old a changed set of keys may be */
#define CAP_SIGNING_KEYS_RETRY_MS 1000   /* after a failure to read them */

/* Recordings passed on */
#define CAP_RELAYS 64                /* at the same time, of CAP_FETCH_PER_HOST */
#define CAP_RELAY_MS 600000          /* one of them: a browser may read as slowly as it plays */
#define CAP_RELAY_BYTES (512u << 20) /* one of them: two hours of WAV are about 230 MB */
#define CAP_TICKET_S 300             /* how long a recording's address can be opened */
#define CAP_TICKET_BYTES 400         /* such a ticket, as text */

/* Dashboard */
#define CAP_DASHBOARD_CONNECTIONS 4 /* apart from ingest's, so that reading never holds up storing */
#define CAP_AUTH_CONNECTIONS 2      /* signing people in, without Supabase */
#define CAP_TURNS_RUNNING 2         /* questions of one person with the database at the same time */
#define CAP_TURNS_WAITING 16        /* further ones of the same person, in line */
#define CAP_DASHBOARD_MS 10000      /* one question, waiting time included; Postgres gives up after 8 s */
#define CAP_SEARCH_BYTES 500        /* words to search for */
#define CAP_REASON_BYTES 480        /* a reason to look for: 120 characters are kept of one */
#define CAP_CALL_SECONDS 86400      /* lengths to look for: no call lasts a day */
#define CAP_LIST_ROWS 200           /* one page of a list */
#define CAP_EXPORTS 64              /* open at the same time: a client that reads nothing holds a page of one */
#define CAP_EXPORTS_OF_ONE 4        /* of one person */
#define CAP_CSV_ROWS 500            /* one page of an export */
#define CAP_RANGE_DAYS 400          /* numbers over a year, and some more */
#define CAP_SETTINGS_BYTES 8192     /* changed settings of a business, as JSON */
#define CAP_CALL_BACK_BYTES 1024    /* a caller who was called back, as JSON */
#define CAP_RECIPIENT_BYTES 4096    /* a recipient that gets mail again, as JSON */
#define CAP_PREVIEW_BYTES 8448      /* an access token and a business, as a form */

/* Live updates */
#define CAP_FEED_CALLS 4096       /* changed and not told yet; more, and everybody is told to ask again */
#define CAP_FEED_PAUSE_MS 500     /* between two notices: a commit that notifies holds up all others */
#define CAP_LIVE_STREAMS 1000     /* of the server */
#define CAP_LIVE_STREAMS_OF_ONE 6 /* of one person: as many as a browser opens */
#define CAP_LIVE_RING 4096        /* changes that a stream can be resumed behind */
#define CAP_LIVE_DUE 100          /* changed calls that wait for one stream; more, and it is told to ask again */
#define CAP_LIVE_ASKING 2         /* questions of streams with the database, of CAP_DASHBOARD_CONNECTIONS */
#define CAP_LIVE_PAUSE_MS 1000    /* between two events of one stream */
#define CAP_LIVE_BEAT_MS 15000    /* proxies cut what is silent for 30 s or more */
#define CAP_LIVE_EVENT_BYTES (192u << 10) /* rows of one event; more, and it is told to ask again */
#define CAP_LIVE_MS 14400000              /* one stream, however long its token is good */
#define CAP_LIVE_DEAD_MS 30000            /* a beat that the client's machine does not confirm */

/* Directory of businesses */
#define CAP_NUMBERS 100000         /* of businesses, kept in memory */
#define CAP_DIRECTORY_POLL_MS 2000 /* how old a changed mapping may be */

/* Words to search for */
#define CAP_WORDS_POLL_MS 1000 /* how long after its report a call is found by its words */
#define CAP_WORDS_CALLS 10     /* whose words one unit makes: some 10 ms of one connection */
#define CAP_WORDS_PAUSE_MS 100 /* between two such units; so nearly 100 calls a second, and events come first */

/* Digests */
#define CAP_DIGEST_JOBS 16       /* in memory at the same time; everything else waits as rows */
#define CAP_DIGEST_CONNECTIONS 2 /* to the database */
#define CAP_DIGEST_POLL_MS 30000 /* how late a digest may be for our own reasons */
#define CAP_DIGEST_DUE 2000      /* rows that one look makes; the next look follows at once */
#define CAP_DIGEST_LOOKS 64      /* waiting outside schedulers */
#define CAP_DIGEST_UNIT_MS 15000 /* one question of a digest to the database, waiting time included */
#define CAP_DIGEST_RETRY_FIRST_MS                                                                                      \
    30000 /* after a try that failed; doubled each time, with jitter, up to the next line */
#define CAP_DIGEST_RETRY_MOST_MS 3600000
#define CAP_DIGEST_LOOK_RETRY_MS 5000 /* after a look that failed */
#define CAP_DIGEST_NOTE_TRIES 5       /* to write down what became of a mail, well within its lease */
#define CAP_DIGEST_NOTE_PAUSE_MS 2000
#define CAP_DIGEST_STOP_MS 5000             /* for the answers to mails under way */
#define CAP_DIGEST_HTML_BYTES 100000        /* Gmail cuts at 102 kB */
#define CAP_DIGEST_FACTS_BYTES (256u << 10) /* what a digest is made of, as JSON: about 15 kB */
#define CAP_HTML_URL_BYTES 400              /* an address in a mail */
#define CAP_MAIL_RECIPIENTS 10              /* of one digest */
#define CAP_MAIL_BYTES (4u << 20)           /* all mails of one digest, as JSON */
#define CAP_MAIL_ATTEMPT_MS 20000           /* one attempt; the lease is fifteen times as long */
#define CAP_SMTP_MAIL_MS 10000              /* one mail by SMTP; CAP_MAIL_ATTEMPT_MS holds for all of one digest */
#define CAP_SMTP_ADDRESS_BYTES 254          /* RFC 5321 */
#define CAP_SMTP_MESSAGE_BYTES (1u << 20)   /* a mail as it travels; text of 100 kB may become 300 kB */
#define CAP_RESEND_MS 10000                 /* one attempt */
#define CAP_RESEND_EVENT_BYTES 65536        /* a delivery event: about 1 kB */
#define CAP_RESEND_EVENT_AGE_S 300          /* of its signature, either way */
#define CAP_RESEND_EVENTS_OPEN 256          /* with the database; the others come again */
#define CAP_RESEND_EVENTS_TIDY 1000         /* each so many, ids of a month ago are deleted */
#define CAP_UNSUBSCRIBE_BYTES 4096          /* the form of an unsubscribe link */
#define CAP_UNSUBSCRIBE_OPEN 32             /* such forms with the database: they never hold up mails */
#define CAP_CRON_BYTES 8192                 /* whatever a scheduler posts; it is not read */

/* Booking in a live call */
#define CAP_BOOKINGS 256          /* tool calls being worked on, and what goes on after their answer */
#define CAP_BOOKING_CONNECTIONS 2 /* to the database */
#define CAP_BOOKING_LIVE_MS 3000  /* the caller hears silence meanwhile; Vapi itself would wait 20 s */
#define CAP_BOOKING_STORE_MS 500  /* of it for the event of the tool call to be stored */
#define CAP_BOOKING_UNIT_MS 2000  /* of it for one question to the database */
#define CAP_BOOKING_TICK_MS 50    /* how much later than that an answer may be */
#define CAP_BOOKING_AGAIN_MS 150  /* between two looks at what another request of the same tool call came to */
#define CAP_BOOKING_OFFER_MS 700  /* left of it for other times to be offered in place of one that is taken */
#define CAP_CALCOM_CONNECT_MS 1000
#define CAP_CALCOM_BOOK_MS 10000             /* a booking's own answer: it is waited for after the caller had ours */
#define CAP_CALCOM_LOOK_MS 5000              /* a look at what became of one */
#define CAP_CALCOM_ANSWER_BYTES (512u << 10) /* 100 bookings or a week of slots: about 100 kB */
#define CAP_CALCOM_BODY_BYTES 32768          /* of a booking: its texts are capped, and each byte may become six */
#define CAP_CALCOM_SLOTS 2000                /* of one answer: a week in steps of five minutes */
#define CAP_CALCOM_FOUND 100                 /* bookings in one look for one */
#define CAP_CALCOM_COMPLAINT_BYTES 2000      /* read of what it says when it refuses; the longest seen: 400 */
#define CAP_CALCOM_KEY_BYTES 512
#define CAP_CALCOM_HOSTS 64              /* circuit breakers, which businesses share by chance */
#define CAP_CALCOM_URL_BYTES 300         /* of an address that a business has of its own */
#define CAP_CALCOM_BLOCK_MS 60000        /* after a 429 that says nothing; Cal.com's own block */
#define CAP_BOOKING_DAYS 7               /* that one question about free times covers */
#define CAP_BOOKING_AHEAD_DAYS 366       /* the last day that free times are looked for */
#define CAP_BOOKING_OFFERS 6             /* times spoken for one day: nobody remembers more */
#define CAP_BOOKING_LEASE_MS 20000       /* one booking in one server's hands: twice CAP_CALCOM_BOOK_MS */
#define CAP_BOOKING_SWEEP_MS 5000        /* between looks for what was left half done */
#define CAP_BOOKING_SWEEP_ROWS 8         /* of one look */
#define CAP_BOOKING_LOOK_FIRST_MS 10000  /* between two looks at one booking; doubled each time */
#define CAP_BOOKING_LOOK_MOST_MS 3600000 /* of that pause */
#define CAP_BOOKING_RECHECK_MS 600000    /* between two tries of a key that was refused */
#define CAP_BOOKING_NOTE_TRIES 5         /* to write down what came of one; then it is looked up */
#define CAP_BOOKING_STOP_MS 5000         /* for the answers to bookings under way */
#define CAP_TOOL_CALLS 8                 /* of one message; the model makes one or two */
#define CAP_TOOL_ARGUMENT_BYTES 8192     /* of one tool call */
#define CAP_TOOL_CALL_ID_BYTES 200       /* of one tool call; real: 29 */
#define CAP_BOOKING_TEXT_BYTES 500       /* a name, an address, a wish: Cal.com's own limit of metadata */

/* ringback digest --send */
#define CAP_DIGEST_COMMAND_JOBS ((size_t)4)
#define CAP_DIGEST_COMMAND_CLAIM_MS 330000 /* a server that has a digest may have died: its claim runs out */
#define CAP_DIGEST_COMMAND_STILL_MS 90000  /* without any change: a pause of the provider */
#define CAP_DOCTOR_ROWS 20                 /* lines of one list of `ringback doctor` */

/* The process */
#define CAP_STOP_MS 25000 /* a graceful stop; then what is left is abandoned */
#define CAP_LOG_LINE_BYTES 4096
#define CAP_METRICS_PAGE_BYTES (1u << 20)
#define CAP_SETTING_BYTES 65536 /* one setting read from a file */

/* Made-up history (ringback demo) */
#define CAP_DEMO_TALK_BYTES 16384        /* the words of one call */
#define CAP_DEMO_BATCH_BYTES (4u << 20)  /* rows that are sent together */
#define CAP_DEMO_BUFFER_BYTES (8u << 20) /* room for them: a batch and one call */
#define CAP_DEMO_DAYS 1000
#define CAP_DEMO_CALLS_PER_DAY 2000         /* of one business */
#define CAP_DEMO_CALLS_OF_DAY (1000 * 1000) /* of all of them; a day is planned in memory */
#define CAP_DEMO_INDEXED 10000 /* calls that are loaded with the indexes in place; more, and these are made anew */
#define CAP_DEMO_MAILS 5000    /* digests that get a mail, the newest; each takes some milliseconds */
