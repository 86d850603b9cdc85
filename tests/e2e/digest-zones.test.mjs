// When each business's digest of each local day is due: every transition of every time zone from 2000 to 2037. What is
// expected comes from Python's zoneinfo (lib/zones.py), which is told nothing of how Postgres works it out.
import test from "node:test";
import assert from "node:assert/strict";
import path from "node:path";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { World } from "./lib/world.mjs";

const ORACLE = path.join(path.dirname(fileURLToPath(import.meta.url)), "lib", "zones.py");
const WHEN = ["m0", "m30", "m120", "m420", "m450", "u0", "u425"];
// To "at time zone" these are abbreviations first, of an offset that never changes. Whoever means a place names it.
const ABBREVIATIONS = ["CET", "EET", "MET", "WET"];
const { db } = await World.create({ seed: false });

function askOracle(zones) {
  return new Promise((resolve, reject) => {
    const child = spawn("python3", [ORACLE, ...WHEN], { stdio: ["pipe", "pipe", "inherit"] });
    const parts = [];
    child.stdout.on("data", (part) => parts.push(part));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(Buffer.concat(parts).toString()) : reject(new Error(`zones.py ended with ${code}`)),
    );
    child.stdin.end(zones.join("\n"));
  });
}

async function load() {
  const names = (
    await db.rows("select name from pg_timezone_names where name !~ '^(posix|right)/' and name ~ '^[A-Z]' order by 1")
  ).map((row) => row.name);
  const zones = names.filter((name) => !ABBREVIATIONS.includes(name));
  const lines = (await askOracle(zones))
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  const columns = WHEN.map((when) => `${when} timestamptz not null`).join(", ");
  await db.rows(`create table oracle (zone text, day date, starts timestamptz, ends timestamptz, ${columns})`);
  const days = lines.filter(([kind]) => kind === "day").map((line) => line.slice(1));
  for (let from = 0; from < days.length; from += 20000) {
    const numbers = [...Array(WHEN.length + 4).keys()].map((n) =>
      n < 2 ? `r ->> ${n}` : `to_timestamp((r ->> ${n})::bigint)`,
    );
    numbers[1] = "(r ->> 1)::date";
    await db.rows(`insert into oracle select ${numbers.join(", ")} from jsonb_array_elements($1::jsonb) r`, [
      JSON.stringify(days.slice(from, from + 20000)),
    ]);
  }
  await db.rows("create index on oracle (zone, day)");
  await db.rows("analyze oracle");
  return {
    zones,
    shapes: lines.filter(([kind]) => kind === "shape"),
    version: lines.find(([kind]) => kind === "version"),
  };
}

const oracle = await load();

test("Python and Postgres know the same zones", async (t) => {
  const { n } = await db.one("select count(distinct zone)::int as n from oracle");
  t.diagnostic(
    `tzdata ${oracle.version[1]}, ${n} zones, ${await db.count("oracle")} days, ${oracle.shapes.length} shapes`,
  );
  assert.ok(n > 400 && n >= oracle.zones.length - 5, `only ${n} of ${oracle.zones.length}`);
  for (const zone of ["Pacific/Apia", "Africa/Casablanca", "Antarctica/Casey", "Antarctica/Troll", "America/Havana"])
    assert.ok((await db.count("oracle where zone = $1", [zone])) > 200, zone);
});

test("a day begins, ends and is due when the oracle says", async () => {
  const due = (when) =>
    when[0] === "m"
      ? `private.digest_due_at(day, zone, ${when.slice(1)}, null)`
      : `private.digest_due_at(day, zone, 0, ${when.slice(1)})`;
  const found = [
    ["starts", "private.day_start(day, zone)"],
    ["ends", "private.day_start(day + 1, zone)"],
  ];
  for (const [column, is] of [...found, ...WHEN.map((when) => [when, due(when)])]) {
    const wrong = await db.rows(
      `select zone, day::text, ${column}::text as expected, (${is})::text as found from oracle
       where ${is} is distinct from ${column} order by 1, 2 limit 10`,
    );
    assert.deepEqual(wrong, [], column);
  }
});

test("days follow each other without a gap, and only near a transition is one not of 24 hours", async (t) => {
  const lengths = await db.rows(
    `select (extract(epoch from ends - starts) / 3600)::float8 as hours, count(*)::int as n from oracle group by 1 order by 1`,
  );
  t.diagnostic(lengths.map(({ hours, n }) => `${hours} h: ${n}`).join(", "));
  for (const hours of [0, 22, 23, 23.5, 24, 24.5, 25, 26, 27])
    assert.ok(
      lengths.some((row) => row.hours === hours),
      hours,
    );
  assert.deepEqual(
    await db.rows(
      `with histories as (
         select zone, md5(string_agg(concat(day, starts, ends), ' ' order by day)) as history from oracle group by zone
       ), days as materialized (
         select z.zone, d.n + date '2000-01-01' as day, private.day_start(d.n + date '2000-01-01', z.zone) as starts
         from (select min(zone) as zone from histories group by history) z, generate_series(0, date '2038-01-01' - date '2000-01-01') d (n)
       ), pairs as (
         select zone, day, lead(starts) over (partition by zone order by day) - starts as length from days
       )
       select p.zone, p.day::text, p.length::text from pairs p
       where p.length <> interval '24 hours' and p.day <= '2037-12-28'
         and not exists (select from oracle o where o.zone = p.zone and o.day = p.day) limit 10`,
    ),
    [],
  );
});

const BUSINESSES = `insert into businesses (name, email, timezone, digest_hour, created_at, digest_since)
  select 'Hour ' || h, 'owner@larkspur.example.com', 'UTC', h, '1999-01-01', '1999-01-01' from unnest(array[0, 2, 7]) h`;

// One transition, 36 hours before and after it, a look each half hour as digest_schedule has it; a row made twice is an
// error of the primary key. What an earlier day is owed is left out by the row of the day before.
const WALK = `create function pg_temp.walk(zone text, middle timestamptz, past integer, utc integer)
    returns table (hour integer, day date, made timestamptz, expected timestamptz) language plpgsql as $$
declare
    first constant timestamptz := middle - interval '36 hours';
    last constant timestamptz := middle + interval '36 hours';
    seed constant date := (first at time zone zone)::date - 2;
    step timestamptz := first;
begin
    delete from public.digests;
    perform set_config('session_replication_role', 'replica', true); -- looking for the zone's name takes long
    update public.businesses set timezone = zone;
    insert into public.digests (business_id, local_date, due_at, created_at) select id, seed, first, first from public.businesses;
    while step <= last loop
        insert into public.digests (business_id, local_date, due_at, created_at)
        select o.business_id, o.local_date, o.due_at, step from private.digests_owed(step, past, utc) o;
        step := step + interval '30 minutes';
    end loop;
    return query
    select b.digest_hour::integer, coalesce(g.local_date, w.day), g.created_at, w.at
    from public.businesses b
    left join lateral (
        select e.day, e.due, greatest(first, first + ceil(extract(epoch from e.due - first) / 1800) * interval '30 minutes') as at
        from (select o.day, case when utc is not null then o.u425 else
                  case b.digest_hour * 60 + past when 0 then o.m0 when 30 then o.m30 when 120 then o.m120 when 420 then o.m420
                      when 450 then o.m450 end end as due
              from oracle o where o.zone = walk.zone and o.day > seed and o.starts < o.ends) e
        where e.due <= last) w on true
    full join (select * from public.digests x where x.local_date > seed) g
        on g.business_id = b.id and g.local_date = w.day and g.due_at = w.due
    where g.created_at is distinct from w.at;
end
$$`;

for (const [name, past, utc, hours] of [
  ["at the full hour", 0, null, [0, 2, 7]],
  ["at half past", 30, null, [0, 7]],
  ["at a minute of the UTC day", 0, 425, [7]],
])
  test(`a clock that steps over each kind of transition makes each day once, in time: ${name}`, async () => {
    const session = await db.session();
    try {
      await session.query("set timezone = 'UTC'; set synchronous_commit = off");
      await session.query("truncate businesses cascade");
      await session.query(BUSINESSES);
      await session.query("delete from businesses where digest_hour <> all ($1::int[])", [hours]);
      await session.query(WALK);
      for (const [, zone, at] of oracle.shapes.filter(([, , since]) => inRange(since))) {
        const walked = await session.query("select * from pg_temp.walk($1, to_timestamp($2), $3, $4)", [
          zone,
          at,
          past,
          utc,
        ]);
        assert.deepEqual(walked.rows, [], `${zone} at ${new Date(at * 1000).toISOString()}`);
      }
    } finally {
      await session.end();
    }
  });

function inRange(since) {
  const year = new Date(since * 1000).getUTCFullYear();
  return year >= 2000 && year <= 2037;
}

test("a business that moves, or changes its hour, never gets a day twice nor an older one", async () => {
  await db.rows("truncate businesses cascade");
  await db.rows(BUSINESSES);
  await db.rows(`do $$
    declare
        step timestamptz := '2011-01-01';
        zones constant text[] := array['Pacific/Apia', 'Pacific/Kiritimati', 'America/St_Johns', 'Antarctica/Casey', 'Etc/GMT+12',
            'Australia/Lord_Howe', 'America/Havana', 'Africa/Cairo', 'Asia/Kathmandu', 'Antarctica/Troll', 'America/Santiago'];
        n integer := 0;
        owed record;
    begin
        perform set_config('session_replication_role', 'replica', true); -- looking for the zone's name takes long
        while step < '2012-06-01' loop
            for owed in select * from private.digests_owed(step, 0, null) loop
                if owed.local_date <= (select max(local_date) from public.digests g
                                       where g.business_id = owed.business_id and g.created_at < step) then
                    raise exception '% again at %', owed.local_date, step;
                end if;
                insert into public.digests (business_id, local_date, due_at, created_at)
                values (owed.business_id, owed.local_date, owed.due_at, step);
            end loop;
            n := n + 1;
            if n % 7 = 0 then
                update public.businesses set timezone = zones[1 + (n / 7 * 5) % cardinality(zones)],
                    digest_hour = (digest_hour + n) % 24;
            end if;
            step := step + interval '90 minutes';
        end loop;
    end
  $$`);
  const made = await db.rows("select count(*)::int as n from digests group by business_id");
  assert.equal(made.length, 3);
  for (const { n } of made) assert.ok(n > 300, `only ${n} in 17 months`);
});
