// Who may do what, object by object: the one declaration that the isolation tests hold against pg_catalog. What is in the
// catalog and not here fails, and so does what is here and no longer there.
//
//   business, user   whose a row is, as SQL over the table's alias t
//   grants           role: privileges; columns as a list, "all", or the words of a table privilege
//   sees, changes    which rows a role's person is shown, and may update (and insert and delete, if it may that at all):
//                    "member", "live member", "owner" (these two with a live session), "self", "all", "assigned" (to a
//                    business), "unassigned"; a role that is not named sees none

/** Every role that the program or Supabase's gateway may take. `takes`: the roles it may take in turn. */
export const ROLES = {
  anon: {},
  authenticated: {},
  service_role: { bypassrls: true },
  ringback_ingest: {},
  ringback_digest: {},
  ringback_booking: {},
  ringback_definer: { owns: "functions" },
  ringback_auth: {},
  ringback_server: {
    login: true,
    takes: "authenticated ringback_auth ringback_booking ringback_digest ringback_ingest",
  },
};

/** Schemas of ours, and who may look up a name there. */
export const SCHEMAS = {
  public: { usage: Object.keys(ROLES) },
  private: {
    usage: [
      "authenticated",
      "service_role",
      "ringback_ingest",
      "ringback_digest",
      "ringback_booking",
      "ringback_definer",
    ],
  },
  supabase_migrations: { usage: ["ringback_ingest"] },
};

/** What an installation without Supabase brings; only there. */
export const LOCAL_SCHEMAS = {
  auth: { usage: ["anon", "authenticated", "service_role", "ringback_auth"] },
};

const SERVICE = { select: "all", insert: "all", update: "all", delete: true };
const CALL_SHOWN = `id business_id provider_call_id twilio_call_sid caller_number called_number status outcome ended_reason
  started_at ended_at duration_seconds summary analysis recording_url cost caller_spoke has_report updated_at created_at
  listed_at reason urgency caller_name callback_number`;

export const TABLES = {
  "public.businesses": {
    columns: `id name email timezone calcom_enabled digest_enabled digest_hour skip_empty_digest vapi_assistant_id forward_to
      fallback_greeting created_at digest_since open_days opens_at closes_at`,
    business: "t.id",
    grants: {
      authenticated: {
        select: "all",
        update: `name email timezone digest_enabled digest_hour skip_empty_digest forward_to fallback_greeting open_days
          opens_at closes_at`,
      },
      ringback_ingest: { select: "id name timezone vapi_assistant_id forward_to fallback_greeting calcom_enabled" },
      ringback_digest: {
        select: `id name email timezone digest_enabled digest_hour skip_empty_digest digest_since created_at calcom_enabled
          open_days opens_at closes_at`,
      },
      ringback_booking: { select: "id name timezone calcom_enabled", update: "calcom_enabled" },
      ringback_definer: { select: "id email calcom_enabled" },
      service_role: SERVICE,
    },
    sees: {
      authenticated: "member",
      ringback_ingest: "all",
      ringback_digest: "all",
      ringback_booking: "all",
      ringback_definer: "all",
    },
    changes: { authenticated: "owner", ringback_booking: "all" },
  },
  "public.business_phones": {
    columns: "phone business_id",
    business: "t.business_id",
    grants: {
      authenticated: { select: "all" },
      ringback_ingest: { select: "all" },
      ringback_digest: { select: "all" },
      service_role: SERVICE,
    },
    sees: { authenticated: "member", ringback_ingest: "all", ringback_digest: "all" },
  },
  "public.business_users": {
    columns: "business_id user_id role",
    business: "t.business_id",
    user: "t.user_id",
    grants: {
      authenticated: { select: "all" },
      ringback_definer: { select: "all" },
      ringback_digest: { select: "all" },
      service_role: SERVICE,
    },
    sees: { authenticated: "self", ringback_definer: "all", ringback_digest: "all" },
  },
  "public.calls": {
    columns: `id business_id provider_claim provider_call_id twilio_call_sid caller_claim caller_number called_claim
      called_number status_rank status outcome ended_claim ended_reason started_at reported_ended_at seen_ended_at ended_at
      reported_seconds carrier_seconds duration_seconds summary analysis recording_claim recording_url cost caller_spoke
      has_report said_reported updated_at created_at listed_at reason urgency caller_name callback_number booked`,
    business: "t.business_id",
    grants: {
      authenticated: { select: CALL_SHOWN },
      ringback_ingest: { select: "all", insert: "all", update: "all", delete: true },
      ringback_definer: {
        select: `id business_id called_number listed_at summary reason caller_name status_rank has_report said_reported`,
        update: "business_id updated_at",
      },
      ringback_digest: {
        select: `id business_id caller_number called_number status outcome ended_reason started_at ended_at duration_seconds
          summary has_report listed_at reason urgency caller_name callback_number`,
      },
      ringback_booking: {
        select: "id provider_call_id twilio_call_sid business_id booked",
        update: "booked updated_at",
      },
      service_role: SERVICE,
    },
    sees: {
      authenticated: "member",
      ringback_ingest: "all",
      ringback_definer: "all",
      ringback_digest: "assigned",
      ringback_booking: "assigned",
    },
    changes: { ringback_ingest: "all", ringback_definer: "unassigned", ringback_booking: "assigned" },
  },
  "public.call_events": {
    columns: "id event_key call_id source type occurred_at received_at payload",
    business: "(select c.business_id from public.calls c where c.id = t.call_id)",
    grants: {
      authenticated: { select: "all" },
      ringback_ingest: { select: "event_key call_id", insert: "all", update: "call_id" },
      service_role: SERVICE,
    },
    sees: { authenticated: "member", ringback_ingest: "all" },
    changes: { ringback_ingest: "all" },
  },
  "public.call_utterances": {
    columns: "call_id utterance_key role said_at text source",
    business: "(select c.business_id from public.calls c where c.id = t.call_id)",
    grants: {
      authenticated: { select: "all" },
      ringback_ingest: { select: "all", insert: "all", delete: true },
      ringback_definer: { select: "call_id text source" },
      service_role: SERVICE,
    },
    sees: { authenticated: "member", ringback_ingest: "all", ringback_definer: "all" },
  },
  "public.dead_letters": {
    columns: "id letter_key source reason body received_at",
    grants: {
      ringback_ingest: { select: "letter_key", insert: "all" },
      service_role: SERVICE,
    },
    sees: { ringback_ingest: "all" },
  },
  "public.digests": {
    columns: `business_id local_date status attempts request_body resend_id delivery_status error created_at sent_at
      updated_at due_at lease_until claimed_by first_attempt_at attempt_way doubt mails_accepted request_sha256 reason`,
    business: "t.business_id",
    grants: {
      authenticated: { select: "all" },
      ringback_digest: { select: "all", insert: "all", update: "all" },
      service_role: SERVICE,
    },
    sees: { authenticated: "member", ringback_digest: "all" },
    changes: { ringback_digest: "all" },
  },
  "public.digest_deliveries": {
    columns: "business_id local_date address status error happened_at updated_at",
    business: "t.business_id",
    grants: {
      authenticated: { select: "all" },
      ringback_digest: { select: "all", insert: "all", update: "all" },
      service_role: SERVICE,
    },
    sees: { authenticated: "member", ringback_digest: "all" },
    changes: { ringback_digest: "all" },
  },
  "public.paused_recipients": {
    columns: "business_id address reason detail paused_at",
    business: "t.business_id",
    grants: {
      authenticated: { select: "all", delete: true },
      ringback_digest: { select: "all", insert: "all", update: "all", delete: true },
      service_role: SERVICE,
    },
    sees: { authenticated: "member", ringback_digest: "all" },
    changes: { authenticated: "owner", ringback_digest: "all" },
  },
  "public.bookings": {
    columns: `id business_id call_id tool_call_id status starts_at attendee_name attendee_email attendee_phone calcom_uid
      error created_at provider_call_id twilio_call_sid reason answer service event_type_id calendar promised
      lease_until looks absent updated_at`,
    business: "t.business_id",
    grants: {
      authenticated: { select: "all" },
      ringback_ingest: { select: "id call_id", update: "call_id" },
      ringback_digest: { select: "business_id status starts_at created_at id call_id reason promised" },
      ringback_booking: { select: "all", insert: "all", update: "all" },
      service_role: SERVICE,
    },
    sees: { authenticated: "member", ringback_ingest: "all", ringback_digest: "all", ringback_booking: "all" },
    changes: { ringback_ingest: "all", ringback_booking: "all" },
  },
  "public.call_backs": {
    columns: "business_id caller_number done_at before_at done_by",
    business: "t.business_id",
    grants: {
      authenticated: { select: "all", insert: "business_id caller_number", update: "done_at", delete: true },
      ringback_digest: { select: "all" },
      service_role: SERVICE,
    },
    sees: { authenticated: "member", ringback_digest: "all" },
    changes: { authenticated: "live member" },
  },
  // No person sees it, and neither does Supabase's service_role: only who books, and of how it is who tells the others.
  "private.calcom_credentials": {
    columns: `business_id api_url sealed key_id account calendar event_type_id event_title event_minutes asks_email asks_phone
      verified_at checked_at invalid_at invalid_why blocked_until created_at updated_at`,
    business: "t.business_id",
    grants: {
      ringback_booking: { select: "all", insert: "all", update: "all", delete: true },
      ringback_ingest: { select: "business_id key_id invalid_at" },
      ringback_definer: { select: "business_id invalid_at" },
    },
    sees: { ringback_booking: "all", ringback_ingest: "all", ringback_definer: "all" },
    changes: { ringback_booking: "all" },
  },
  "private.directory_version": {
    columns: "only_row version",
    grants: {
      ringback_ingest: { select: "all" },
      ringback_definer: { select: "all", update: "all" },
    },
    sees: { ringback_ingest: "all", ringback_definer: "all" },
    changes: { ringback_definer: "all" },
  },
  "private.call_words": {
    columns: "call_id business_id listed_at words",
    business: "t.business_id",
    grants: { ringback_definer: { select: "all", insert: "all", update: "all", delete: true } },
    sees: { ringback_definer: "all" },
    changes: { ringback_definer: "all" },
  },
  "private.call_words_due": {
    columns: "id call_id has_report due_at",
    business: "(select c.business_id from public.calls c where c.id = t.call_id)",
    grants: { ringback_definer: { select: "all", insert: "all", delete: true } },
    sees: { ringback_definer: "all" },
    changes: { ringback_definer: "all" },
  },
  "private.voice_answers": {
    columns: "twilio_call_sid twiml claimed_at",
    grants: { ringback_ingest: { select: "all", insert: "all", update: "all", delete: true } },
    sees: { ringback_ingest: "all" },
    changes: { ringback_ingest: "all" },
  },
  "private.resend_events": {
    columns: "svix_id type business_id local_date received_at",
    business: "t.business_id",
    grants: { ringback_digest: { select: "all", insert: "all", delete: true } },
    sees: { ringback_digest: "all" },
    changes: { ringback_digest: "all" },
  },
  "private.mail_pace": {
    columns: "only_row next_at gap",
    grants: { ringback_digest: { select: "all", update: "all" } },
    sees: { ringback_digest: "all" },
    changes: { ringback_digest: "all" },
  },
  "private.unsubscribe_key": {
    columns: "only_row inner_key outer_key",
    grants: { ringback_digest: { select: "all" } },
    sees: { ringback_digest: "all" },
  },
  "supabase_migrations.schema_migrations": {
    columns: "version statements name",
    open: "holds the text of the migrations and no row of a customer", // no row-level security
    grants: { ringback_ingest: { select: "all" } },
    sees: { ringback_ingest: "all" },
  },
};

export const LOCAL_TABLES = {
  "auth.users": {
    columns: `id email encrypted_password raw_app_meta_data raw_user_meta_data created_at updated_at instance_id aud role
      email_confirmed_at invited_at confirmation_token confirmation_sent_at recovery_token recovery_sent_at
      email_change_token_new email_change email_change_sent_at last_sign_in_at is_super_admin phone phone_confirmed_at
      confirmed_at banned_until is_sso_user deleted_at is_anonymous`,
    user: "t.id",
    grants: {
      ringback_auth: { select: "all", update: "encrypted_password raw_user_meta_data last_sign_in_at updated_at" },
    },
    sees: { ringback_auth: "all" },
    changes: { ringback_auth: "all" },
  },
  "auth.identities": {
    columns: "id provider_id user_id identity_data provider last_sign_in_at created_at updated_at email",
    user: "t.user_id",
    grants: { ringback_auth: { select: "all" } },
    sees: { ringback_auth: "all" },
  },
  "auth.sessions": {
    columns: `id user_id created_at updated_at factor_id aal not_after refreshed_at user_agent ip tag refresh_token_counter`,
    user: "t.user_id",
    grants: {
      ringback_auth: {
        select: "all",
        insert: "all",
        update: "updated_at refreshed_at user_agent ip refresh_token_counter",
        delete: true,
      },
    },
    sees: { ringback_auth: "all" },
    changes: { ringback_auth: "all" },
  },
  "auth.refresh_tokens": {
    columns: "token_hash session_id counter sealed created_at used_at",
    user: "(select s.user_id from auth.sessions s where s.id = t.session_id)",
    grants: { ringback_auth: { select: "all", insert: "all", update: "used_at", delete: true } },
    sees: { ringback_auth: "all" },
    changes: { ringback_auth: "all" },
  },
  "auth.signing_keys": {
    columns: "kid private_jwk status created_at",
    grants: { ringback_auth: { select: "all", insert: "all" } },
    sees: { ringback_auth: "all" },
  },
};

/** Who may call what. `answers`: what a person must be told, for what people may call. */
export const FUNCTIONS = {
  "private.my_business_ids()": {
    definer: true,
    owner: "ringback_definer",
    execute: ["authenticated"],
    answers: "member",
  },
  "private.my_owned_business_ids()": {
    definer: true,
    owner: "ringback_definer",
    execute: ["authenticated"],
    answers: "owner",
  },
  "private.session_is_live()": { definer: true, execute: ["authenticated"], answers: "live" },
  "private.check_timezone()": { execute: [] },
  "private.digest_switched_on()": { execute: [] },
  "private.zone_is_known(text)": { execute: ["ringback_digest"] },
  "private.digests_owed(timestamp with time zone,integer,integer)": { execute: ["ringback_digest"] },
  "private.unsubscribe_token(uuid,text)": { execute: ["ringback_digest"] },
  "private.email_of(uuid)": { definer: true, execute: ["ringback_digest", "ringback_definer"] },
  "private.digest_recipients(uuid)": { execute: ["ringback_digest", "ringback_definer"] },
  "private.my_digest_recipients(uuid)": {
    definer: true,
    owner: "ringback_definer",
    execute: ["authenticated"],
    answers: "recipients",
  },
  "private.directory_changed()": { definer: true, owner: "ringback_definer", execute: [] },
  "private.adopt_calls()": { definer: true, owner: "ringback_definer", execute: [] },
  "private.call_outcome(boolean,text,numeric,boolean)": {
    execute: ["ringback_ingest", "ringback_booking", "ringback_definer", "service_role"],
  },
  "private.my_calendar(uuid)": {
    definer: true,
    owner: "ringback_definer",
    execute: ["authenticated"],
    answers: "calendar",
  },
  "private.better_business(text,uuid,text,uuid)": { execute: ["ringback_ingest", "ringback_definer", "service_role"] },

  "private.search_calls(uuid,text,timestamp with time zone,timestamp with time zone,timestamp with time zone,integer)":
    {
      definer: true,
      owner: "ringback_definer",
      execute: ["authenticated"],
      answers: "search",
    },
  "private.listed_calls(uuid[])": { execute: ["authenticated"] }, // in the caller's own name
  "private.call_back_ticked()": { execute: [] },
  "private.index_due_calls(integer)": { definer: true, owner: "ringback_definer", execute: ["ringback_ingest"] },
  "private.call_changed()": { definer: true, owner: "ringback_definer", execute: [] },
  "private.utterances_said()": { definer: true, owner: "ringback_definer", execute: [] },
  "private.rebuild_call_words(uuid[])": { execute: [] },
  "private.words_of(text)": { execute: ["ringback_definer"] },
  "private.words_key(uuid)": { execute: ["ringback_definer"] },
  "private.words_time(timestamp with time zone)": { execute: ["ringback_definer"] },
  "private.words_prefix(uuid,integer)": { execute: ["ringback_definer"] },
  "private.lexemes(uuid,timestamp with time zone,text)": { execute: ["ringback_definer"] },
  // Of their parameters alone.
  "private.day_start(date,text)": { execute: ["authenticated", "ringback_digest"] },
  "private.rfc3339(timestamp with time zone)": { execute: ["authenticated", "ringback_digest", "ringback_booking"] },
  "private.booking_rank(text)": { execute: ["authenticated", "ringback_digest"] },
  "private.booking_text(text,text)": { execute: ["authenticated", "ringback_digest"] },
  "private.microseconds(timestamp with time zone)": { execute: ["authenticated"] },
  "private.from_microseconds(text)": { execute: ["authenticated"] },
  "private.csv_cell(text)": { execute: ["authenticated"] },
  "private.is_answered(text)": { execute: ["authenticated", "ringback_digest"] },
  "private.is_missed(text)": { execute: ["authenticated", "ringback_digest"] },
  "private.is_to_call_back(text,text,timestamp with time zone,timestamp with time zone,timestamp with time zone)": {
    execute: ["authenticated", "ringback_digest"],
  },
  "private.outcome_text(text)": { execute: ["authenticated", "ringback_digest"] },
  "private.cause_text(text)": { execute: ["authenticated", "ringback_digest"] },
  "private.mail_of(bytea)": { execute: ["authenticated"] },
  "private.first_at(timestamp without time zone,text)": { execute: ["authenticated", "ringback_digest"] },
  "private.digest_due_at(date,text,integer,integer)": { execute: ["authenticated", "ringback_digest"] },
  "private.delivery_rank(text)": { execute: ["ringback_digest"] },
  "private.zone_word(timestamp with time zone,text)": { execute: ["ringback_digest"] },
};

/** As on Supabase: they tell who asks what he said himself. */
export const LOCAL_FUNCTIONS = {
  "auth.jwt()": { execute: "public" },
  "auth.uid()": { execute: "public" },
  "auth.role()": { execute: "public" },
};

/** Identity columns take their numbers without anybody's right to the sequence. */
export const SEQUENCES = {
  "public.call_events_id_seq": {},
  "public.dead_letters_id_seq": {},
  "private.call_words_due_id_seq": {},
};
