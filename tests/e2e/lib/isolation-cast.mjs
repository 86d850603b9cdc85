// Everybody who may ask. `claims` is what stands in request.jwt.claims (undefined: never set); `member`, `owns`: businesses;
// `live`: the session exists; `user`: whose name counts; `breaks`: the SQLSTATE that such claims end with.
import { A, B, BOTH, BOTH_SESSION, DEAD_SESSION, STRANGER } from "./isolation-house.mjs";

const token = (sub, session_id, more) => JSON.stringify({ sub, role: "authenticated", session_id, ...more });

function person(name, claims, more = {}) {
  return { name, role: "authenticated", claims, member: [], owns: [], live: false, user: null, ...more };
}

const OWNER_A = { user: A.owner, member: [A.business], owns: [A.business], live: true };
const ASKS_FOR_B = {
  role: "owner",
  user_metadata: { business_id: B.business, business_ids: [B.business], role: "owner" },
  app_metadata: { business_id: B.business, business_ids: [B.business], role: "owner", roles: ["service_role"] },
  business_id: B.business,
};

export const PEOPLE = [
  person("owner of A", token(A.owner, A.session), OWNER_A),
  person("staff of A", token(A.staff, A.session), { user: A.staff, member: [A.business] }),
  person("owner of B", token(B.owner, B.session), {
    user: B.owner,
    member: [B.business],
    owns: [B.business],
    live: true,
  }),
  person("staff of B", token(B.staff), { user: B.staff, member: [B.business] }),
  person("owner of A and staff of B", token(BOTH, BOTH_SESSION), {
    user: BOTH,
    member: [A.business, B.business],
    owns: [A.business],
    live: true,
  }),
  person("user of no business", token(STRANGER, A.session), { user: STRANGER }),
  person("user of no business who asks for B", token(STRANGER, B.session, ASKS_FOR_B), { user: STRANGER }),
  person("owner of A who asks for B", token(A.owner, A.session, ASKS_FOR_B), OWNER_A),
  person("staff of A who calls himself an owner", token(A.staff, A.session, { role: "owner", user_role: "owner" }), {
    user: A.staff,
    member: [A.business],
  }),
  ...["service_role", "ringback_ingest", "postgres", "anon"].flatMap((role) => [
    person(`owner of A who says ${role}`, token(A.owner, A.session, { role }), OWNER_A),
    person(`user of no business who says ${role}`, token(STRANGER, A.session, { role }), { user: STRANGER }),
  ]),
  person("owner of A without a session", token(A.owner), { ...OWNER_A, live: false }),
  person("owner of A whose session is over", token(A.owner, DEAD_SESSION), { ...OWNER_A, live: false }),
  person("owner of A with B's session", token(A.owner, B.session), { ...OWNER_A, live: false }),
  person("owner of A with a session that never was", token(A.owner, STRANGER), { ...OWNER_A, live: false }),
  person("owner of A with a session that is no uuid", token(A.owner, "x' or true --"), {
    ...OWNER_A,
    live: false,
    breaksWrites: "22P02",
  }),
  person("somebody without claims", undefined),
  person("somebody with cleared claims", ""),
  person("somebody with empty claims", "{}"),
  person("somebody with claims of null", "null"),
  person("somebody with a list for claims", JSON.stringify([{ sub: A.owner }])),
  person("somebody with a text for claims", JSON.stringify(A.owner)),
  person("sub is null", token(null, A.session)),
  person("sub is empty", token("", A.session), { breaks: "22P02" }),
  person("sub is no uuid", token("owner", A.session), { breaks: "22P02" }),
  person("sub is a list", token([A.owner], A.session), { breaks: "22P02" }),
  person("sub has a tail", token(`${A.owner}'`, A.session), { breaks: "22P02" }),
  person("claims are not JSON", `${A.owner}`, { breaks: "22P02" }),
  person("claims are cut short", token(A.owner, A.session).slice(0, -1), { breaks: "22P02" }),
  person("the sub is A's business", token(A.business, A.session), { user: A.business }),
  person("anon", undefined, { role: "anon" }),
  person("anon with A's claims", token(A.owner, A.session), { role: "anon" }),
  person("anon with claims that are not JSON", "{", { role: "anon" }),
];

/** The server's own roles: claims give them nothing, none takes from them. */
export const STAFF_ROLES = [
  "ringback_ingest",
  "ringback_digest",
  "ringback_booking",
  "ringback_definer",
  "ringback_auth",
  "ringback_server",
].flatMap((role) => [
  person(role, undefined, { role }),
  person(`${role} with A's claims`, token(A.owner, A.session), { role }),
]);
