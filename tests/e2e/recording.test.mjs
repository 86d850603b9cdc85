// Recordings, passed on from where they lie: what the player gets, what the provider sees, and what neither may do.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { test } from "node:test";
import { World, WITHOUT_VAPI } from "./lib/world.mjs";
import { LARKSPUR, PLAIN, VAPI_KEY, sleep, until } from "./lib/env.mjs";
import { RawConnection, request } from "./lib/client.mjs";
import { recordings, sendRange, wav } from "./lib/fake.mjs";
import { bearer, createUser, memberOf, signIn } from "./lib/session.mjs";

const MB = 1024 * 1024;
const STALL_MS = 10000; // CAP_FETCH_STALL_MS
const RELAYS = 64; // CAP_RELAYS
const FILE = wav(3 * MB + 17);
const VOICEMAIL =
  "https://api.twilio.com/2010-04-01/Accounts/AC3f9b1d7e5a2c4860b8d6f4e2a0c19375/Recordings/RE5c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f";

const world = await World.create();
const server = await world.start();

/** A call with what the two providers said of its recording. */
async function addCall(businessId, vapiId, url) {
  const id = crypto.randomUUID();
  await world.db.rows(
    `insert into calls (id, business_id, provider_claim, recording_claim, caller_claim, called_claim, status_rank,
                        started_at, caller_spoke, has_report)
     values ($1, $2, '3' || $3::text, '2' || $4::text, '3+16465550187', '3+12125550142', 5, now(), true, true)`,
    [id, businessId, vapiId, url],
  );
  return id;
}

/** Somebody who may hear that business's calls, signed in. */
async function join(email, businessId, role) {
  await memberOf(world.db, businessId, await createUser(world.db, email), role);
  return signIn(server, email);
}

const call = await addCall(LARKSPUR.id, crypto.randomUUID(), "https://storage.vapi.ai/raw-address.wav");
const silent = await addCall(LARKSPUR.id, null, null);
const voicemail = await addCall(LARKSPUR.id, null, VOICEMAIL);
const owner = await join("owner@larkspur.example", LARKSPUR.id, "owner");
const staff = await join("staff@larkspur.example", LARKSPUR.id, "staff");
const stranger = await join("owner@annex.example", PLAIN.id, "owner");

function reset(recording = recordings.signed, file = recordings.file(FILE)) {
  world.fake.requests.length = 0;
  world.fake.recording = recording;
  world.fake.file = file;
}

const pathOf = (id) => `/api/v1/calls/${id}/recording`;

const play = (id = call, { on = server, as = owner, method = "GET", headers = {}, path = pathOf(id) } = {}) =>
  request({ port: on.port, path, method, headers: { ...(as ? bearer(as) : {}), ...headers } });

const ticketFor = async (id, options = {}) => {
  const answer = await play(id, { ...options, headers: { accept: "application/json" } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};

function assertError(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json().error.code, code);
  assert.doesNotMatch(answer.text, /provider's own words|storage|signature|127\.0\.0\.1/);
}

/** Another server, with fresh eyes for the provider's failures. It may be ready before it knows the keys of sign-in. */
async function another(extra = {}) {
  const on = await world.start(extra);
  await until("tokens are believed", async () => {
    const { status } = await request({ port: on.port, path: "/api/v1/me", headers: bearer(owner) });
    return status === 200;
  });
  return on;
}

const relays = (result, on = server) => on.metric("ringback_recording_relays_total", { result });
const nothingOpen = (on = server) =>
  until("no relay is open", async () => (await on.metric("ringback_recording_relays_open")) === 0);

/** A connection with a request for the recording on it. */
async function rawPlay(on, headers = "", path = pathOf(call)) {
  const connection = await RawConnection.open(on.port);
  const lines = [`GET ${path} HTTP/1.1`, "Host: x", `Authorization: ${bearer(owner).authorization}`];
  return connection.write(`${lines.join("\r\n")}\r\n${headers}\r\n`);
}

/** Head and body so far, of a connection that may be cut. */
function split(connection) {
  const gap = connection.data.indexOf("\r\n\r\n");
  const head = connection.data.subarray(0, Math.max(gap, 0)).toString("latin1").toLowerCase();
  return { head, body: connection.data.subarray(gap < 0 ? connection.data.length : gap + 4) };
}

test("a recording arrives as it is; the key goes to Vapi and no further, no address goes to the client", async () => {
  reset();
  const answer = await play();
  assert.equal(answer.status, 200);
  assert.ok(answer.body.equals(FILE), "the bytes differ");
  const { headers } = answer;
  assert.equal(headers["content-type"], "audio/wav");
  assert.equal(headers["content-length"], String(FILE.length));
  assert.equal(headers["accept-ranges"], "bytes");
  assert.equal(headers["cache-control"], "private, no-store");
  assert.equal(headers["content-disposition"], 'inline; filename="recording.wav"');
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers.location, undefined);
  assert.doesNotMatch(JSON.stringify(headers), /s1gned|storage|files/);
  const [asked] = world.fake.recordingRequests;
  const [fetched] = world.fake.fileRequests;
  assert.equal(asked.headers.authorization, `Bearer ${VAPI_KEY}`);
  assert.equal(fetched.headers.authorization, undefined);
  assert.ok(!JSON.stringify(fetched.headers).includes(VAPI_KEY));
  assert.equal(world.fake.requests.length, 2);
});

test("staff may listen; another business, no token and unknown calls get the same nothing", async () => {
  reset();
  assert.equal((await play(call, { as: staff })).status, 200);
  reset();
  assertError(await play(call, { as: stranger }), 404, "not_found");
  assertError(await play(call, { as: stranger, headers: { accept: "application/json" } }), 404, "not_found");
  assertError(await play(crypto.randomUUID()), 404, "not_found");
  assertError(await play(call, { as: null }), 401, "unauthorized");
  assert.equal(world.fake.requests.length, 0, "nobody was asked");
});

test("a range is the range that was asked for", async () => {
  reset();
  const cases = [
    ["bytes=1000000-1999999", 1000000, 2000000],
    ["bytes=0-0", 0, 1],
    [`bytes=${FILE.length - 5}-`, FILE.length - 5, FILE.length],
    ["bytes=-1000", FILE.length - 1000, FILE.length],
    ["bytes=3000000-99999999", 3000000, FILE.length],
  ];
  for (const [range, from, to] of cases) {
    const answer = await play(call, { headers: { range } });
    assert.equal(answer.status, 206, range);
    assert.equal(answer.headers["content-range"], `bytes ${from}-${to - 1}/${FILE.length}`);
    assert.equal(answer.headers["content-length"], String(to - from));
    assert.ok(answer.body.equals(FILE.subarray(from, to)), `the bytes of ${range} differ`);
  }
});

test("a range that is none, or more than one, is as good as not asked for", async () => {
  reset();
  for (const range of ["bytes=0-1,5-6", "bytes=5-1", "bytes=x-", "items=0-1", "bytes=-", "0-1"]) {
    const answer = await play(call, { headers: { range } });
    assert.equal(answer.status, 200, range);
    assert.ok(answer.body.equals(FILE), range);
    assert.equal(world.fake.fileRequests.at(-1).headers.range, undefined, "it was passed on");
  }
});

test("a range past the end is refused as the provider refuses it, without the provider's page", async () => {
  reset();
  const answer = await play(call, { headers: { range: "bytes=99999999-" } });
  assert.equal(answer.status, 416);
  assert.equal(answer.headers["content-range"], `bytes */${FILE.length}`);
  assert.equal(answer.text, "");
});

test("HEAD tells what GET would, and leaves the bytes where they are", async () => {
  reset(recordings.signed, (res) => {
    res.writeHead(200, { "content-type": "audio/wav", "content-length": FILE.length });
    res.write(FILE.subarray(0, 1000)); // the rest is not needed
  });
  const answer = await play(call, { method: "HEAD" });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["content-length"], String(FILE.length));
  assert.equal(answer.headers["content-type"], "audio/wav");
  assert.equal(answer.body.length, 0);
  await until("the storage is let go", () => world.fake.fileRequests[0].gone, STALL_MS / 2);
  assert.equal((await play(call, { method: "HEAD", as: stranger })).status, 404);
  await nothingOpen();
});

test("Vapi may also answer with the recording itself, in one piece or in chunks", async () => {
  reset(recordings.file(FILE, "audio/mpeg"));
  const whole = await play();
  assert.ok(whole.body.equals(FILE));
  assert.equal(whole.headers["content-disposition"], 'inline; filename="recording.mp3"');
  const part = await play(call, { headers: { range: "bytes=7-9" } });
  assert.equal(part.status, 206);
  assert.ok(part.body.equals(FILE.subarray(7, 10)));
  reset((res) => {
    res.writeHead(200, { "content-type": "audio/ogg" });
    res.write(FILE.subarray(0, 1000));
    res.end(FILE.subarray(1000));
  });
  const chunked = await play();
  assert.equal(chunked.headers["content-length"], undefined);
  assert.equal(chunked.headers["content-type"], "audio/ogg");
  assert.ok(chunked.body.equals(FILE));
});

test("what is no audio is just bytes", async () => {
  for (const type of ["text/html; charset=utf-8", "image/svg+xml", "application/javascript", "audio/x,text/html"]) {
    reset(recordings.signed, recordings.file(Buffer.from("<script>alert(1)</script>"), type));
    const answer = await play();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["content-type"], "application/octet-stream", type);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(answer.headers["content-security-policy"], /default-src 'none'/);
  }
});

test("what the provider refuses is told in our words", async () => {
  const on = await another();
  const ends = [
    [recordings.status(404), undefined, 404, "not_found"],
    [recordings.status(401), undefined, 502, "bad_reply"],
    [recordings.status(403), undefined, 502, "bad_reply"],
    [recordings.status(429), undefined, 502, "bad_reply"],
    [recordings.status(500), undefined, 502, "bad_reply"],
    [(res) => res.writeHead(204).end(), undefined, 502, "bad_reply"],
    [recordings.signed, recordings.status(404), 404, "not_found"],
    [recordings.signed, recordings.status(403), 502, "bad_reply"],
    [recordings.signed, (res) => res.socket.end("garbage\r\n\r\n"), 502, "bad_reply"],
    [(res) => res.socket.destroy(), undefined, 502, "bad_reply"],
  ];
  for (const [recording, file, status, code] of ends) {
    reset(recording, file);
    assertError(await play(call, { on }), status, code);
  }
  const refused = on.lines().filter((line) => line.event === "recording_failed" && line.why === "credential refused");
  assert.deepEqual(
    refused.map(({ level, at, status }) => [level, at, status]),
    [
      ["error", "vapi", 401],
      ["error", "vapi", 403],
      ["error", "storage", 403],
    ],
  );
  assert.equal(await relays("absent", on), 2);
  assert.equal(await relays("refused", on), 3);
  assert.equal(await relays("failed", on), 5);
  await nothingOpen(on);
});

test("a part that was not asked for is no answer", async () => {
  const parts = [
    [{}, { "content-range": "bytes 0-9/100" }, 206],
    [{ range: "bytes=5-9" }, { "content-range": "bytes 0-4/100" }, 206],
    [{ range: "bytes=5-9" }, { "content-range": "bytes 5-9/7" }, 206],
    [{ range: "bytes=5-9" }, {}, 206],
    [{}, { "content-range": "bytes */100" }, 416],
  ];
  for (const [headers, extra, status] of parts) {
    reset(recordings.signed, (res) => res.writeHead(status, { "content-type": "audio/wav", ...extra }).end("12345"));
    assertError(await play(call, { headers }), 502, "bad_reply");
  }
});

test("a redirect is followed once, to public https or home, and nowhere else", async () => {
  const other = await world.anotherFake();
  let connections = 0;
  other.server.on("connection", () => connections++);
  const port = other.port;
  const places = [
    "http://169.254.169.254/latest/meta-data/",
    "https://169.254.169.254/latest/meta-data/",
    `http://127.0.0.1:${port}/files/a`,
    `https://127.0.0.1:${port}/files/a`,
    `https://localhost:${port}/files/a`,
    `https://[::ffff:127.0.0.1]:${port}/files/a`,
    `https://2130706433:${port}/files/a`,
    `https://10.0.0.1:${port}/a`,
    `https://user:word@127.0.0.1:${port}/a`,
    `${world.fake.url}@127.0.0.1:${port}/files/a`,
    `//127.0.0.1:${port}/files/a`,
    "file:///etc/hostname",
    "javascript:0",
    "",
  ];
  for (const place of places) {
    reset(recordings.moved(place));
    assertError(await play(), 502, "bad_reply");
    assert.equal(world.fake.requests.length, 1, place);
  }
  assert.equal(connections, 0, "somebody else was called");
  reset(recordings.signed, recordings.moved(`${world.fake.url}/files/again`));
  assertError(await play(), 502, "bad_reply");
  assert.equal(world.fake.requests.length, 2, "a second redirect was followed");
  for (const status of [301, 302, 303, 307, 308]) {
    reset(recordings.moved("/files/at-home", status));
    const answer = await play();
    assert.ok(answer.body.equals(FILE), `${status}`);
    assert.equal(world.fake.fileRequests[0].headers.authorization, undefined);
  }
});

test("a player without a token plays with a ticket, and only that call", async () => {
  reset();
  const began = Date.now();
  const { url, expires_at: until } = await ticketFor(call);
  const left = Date.parse(until) - began;
  assert.ok(left > 290_000 && left <= 301_000, `${left} ms`);
  assert.match(url, new RegExp(`^${pathOf(call)}\\?ticket=[\\w-]+$`));
  assert.equal(world.fake.requests.length, 0, "a ticket costs the provider nothing");
  const whole = await play(call, { as: null, path: url });
  assert.ok(whole.body.equals(FILE));
  const part = await play(call, { as: null, path: url, headers: { range: "bytes=10-19" } });
  assert.equal(part.status, 206);
  assert.ok(part.body.equals(FILE.subarray(10, 20)));
  const ticket = url.split("ticket=")[1];
  const flipped = `${ticket.slice(0, 20)}${ticket[20] === "A" ? "B" : "A"}${ticket.slice(21)}`;
  for (const wrong of [flipped, ticket.slice(1), `${ticket}A`, "", "A", "%00", "x".repeat(5000)]) {
    assertError(await play(call, { as: null, path: `${pathOf(call)}?ticket=${wrong}` }), 401, "unauthorized");
  }
  const another = await addCall(LARKSPUR.id, crypto.randomUUID(), "https://storage.vapi.ai/b.wav");
  assertError(await play(another, { as: null, path: `${pathOf(another)}?ticket=${ticket}` }), 401, "unauthorized");
});

test("a ticket is good on every server with the same keys, and on no other", async () => {
  reset();
  const { url } = await ticketFor(call);
  const twin = await another();
  assert.equal((await play(call, { on: twin, as: null, path: url })).status, 200);
  const foreign = await another({ VAPI_API_KEY: "another-vapi-key-8d2c" });
  assertError(await play(call, { on: foreign, as: null, path: url }), 401, "unauthorized");
});

test("what is missing is said: no recording, no key", async () => {
  reset();
  assertError(await play(silent), 404, "not_found");
  assertError(await play(silent, { headers: { accept: "application/json" } }), 404, "not_found");
  const without = await another({ ...WITHOUT_VAPI, TWILIO_ACCOUNT_SID: null });
  for (const id of [call, voicemail]) {
    for (const headers of [{}, { accept: "application/json" }]) {
      const answer = await play(id, { on: without, headers });
      assertError(answer, 404, "recording_unavailable");
      assert.match(answer.json().error.message, /VAPI_API_KEY.*TWILIO_ACCOUNT_SID/);
    }
  }
  assert.equal((await ticketFor(voicemail)).url.includes("api.twilio.com"), false);
  assert.equal(world.fake.requests.length, 0);
});

test("the first bytes are with the player before the last ones have left the provider", async () => {
  let finish;
  reset(recordings.signed, (res) => {
    res.writeHead(200, { "content-type": "audio/wav", "content-length": 2000 });
    res.write(FILE.subarray(0, 1000));
    finish = () => res.end(FILE.subarray(1000, 2000));
  });
  const connection = await rawPlay(server);
  assert.ok(await connection.wait((self) => split(self).body.length === 1000));
  finish();
  assert.ok(await connection.wait((self) => split(self).body.length === 2000));
  assert.ok(split(connection).body.equals(FILE.subarray(0, 2000)));
  connection.close();
});

test("a provider that dies on the way is an answer that breaks off", async () => {
  const on = await another();
  const deaths = [
    [{ "content-length": 5000 }, (res) => res.socket.destroy()],
    [{ "content-length": 5000 }, (res) => res.socket.resetAndDestroy()],
    [{}, (res) => res.socket.destroy()],
    [{ "content-length": 5000 }, (res) => res.socket.end()],
  ];
  for (const [headers, die] of deaths) {
    let act;
    reset(recordings.signed, (res) => {
      res.writeHead(200, { "content-type": "audio/wav", ...headers });
      res.write(FILE.subarray(0, 1000));
      act = () => die(res);
    });
    const connection = await rawPlay(on);
    assert.ok(await connection.wait((self) => split(self).body.length >= 1000));
    act();
    assert.ok(await connection.waitClosed(), "the client was left waiting");
    const { head, body } = split(connection);
    assert.match(head, /^http\/1\.1 200 ok/);
    if (headers["content-length"]) assert.equal(body.length, 1000);
    else assert.ok(!body.toString("latin1").endsWith("0\r\n\r\n"), "it looks complete");
  }
  assert.equal(await relays("cut", on), 4);
  await nothingOpen(on);
});

test("bytes past the announced length are not passed on", async () => {
  reset(recordings.signed, (res) => {
    res.socket.end("HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 5\r\n\r\n12345678901234567890");
  });
  const answer = await play();
  assert.equal(answer.text, "12345");
  reset(recordings.signed, (res) => {
    res.socket.end(
      "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" +
        "14\r\n12345678901234567890\r\n0\r\n\r\n",
    );
  });
  const both = await rawPlay(server, "Connection: close\r\n");
  assert.ok(await both.waitClosed());
  assert.ok(split(both).body.length <= 5, "two lengths, and the longer one won");
  reset();
  assert.equal((await play()).status, 200);
});

test("a provider that falls silent is given up, before its answer and in the middle of it", async () => {
  const on = await another();
  const silentFrom = (act) => {
    reset(recordings.signed, act);
    return rawPlay(on);
  };
  const before = await silentFrom(() => {});
  await until("it was asked", () => world.fake.fileRequests.length === 1);
  const began = Date.now();
  const during = await silentFrom((res) => {
    res.writeHead(200, { "content-type": "audio/wav", "content-length": 5000 });
    res.write("12345");
  });
  assert.ok(await during.waitClosed(STALL_MS + 8000));
  assert.ok(Date.now() - began >= STALL_MS - 100, "it was given up too early");
  assert.equal(split(during).body.toString(), "12345");
  assert.ok(await before.waitClosed(8000));
  assert.match(split(before).head, /^http\/1\.1 503 /);
  assert.match(split(before).body.toString(), /"code":"timeout"/);
  await nothingOpen(on);
});

test("players that stop reading hold the provider back, and lose nothing", async () => {
  const big = wav(64 * MB);
  const players = 6;
  const sockets = [];
  reset(recordings.signed, (res, record) => {
    sockets.push(res.socket);
    sendRange(res, record, big);
  });
  const rss = () => server.metric("ringback_process_resident_memory_bytes");
  const rssBefore = await rss();
  const connections = [];
  for (let i = 0; i < players; i++) {
    const connection = await rawPlay(server);
    connection.socket.pause();
    connections.push(connection);
  }
  const left = () => sockets.map((socket) => socket.writableLength);
  await until("all are asked", () => sockets.length === players);
  let last = "";
  await until(
    "nothing moves any more",
    async () => {
      const now = JSON.stringify(left());
      await sleep(300);
      const same = now === last;
      last = now;
      return same;
    },
    8000,
  );
  for (const bytes of left()) assert.ok(bytes > 24 * MB, `the provider has only ${bytes} bytes left`);
  const grown = (await rss()) - rssBefore;
  assert.ok(grown < 192 * MB, `${grown} bytes more memory`);
  const whole = crypto.createHash("sha256").update(big).digest("hex");
  for (const { socket } of connections.slice(1)) socket.destroy();
  const [{ socket }] = connections;
  const hash = crypto.createHash("sha256");
  let seen = 0;
  socket.removeAllListeners("data");
  const done = new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    socket.on("close", () => reject(new Error(`closed after ${seen} bytes`)));
    setTimeout(() => reject(new Error(`stuck after ${seen} bytes`)), 30000).unref();
    socket.on("data", (part) => {
      let body = part;
      if (head) {
        head = Buffer.concat([head, part]);
        const gap = head.indexOf("\r\n\r\n");
        if (gap < 0) return;
        body = head.subarray(gap + 4);
        head = null;
      }
      seen += body.length;
      hash.update(body);
      if (seen >= big.length) resolve();
    });
  });
  socket.resume();
  await done;
  assert.equal(seen, big.length);
  assert.equal(hash.digest("hex"), whole);
  socket.destroy();
  await nothingOpen();
});

/** A recording that never ends. */
const drip = (res) => {
  res.writeHead(200, { "content-type": "audio/wav" });
  const timer = setInterval(() => res.write("x"), 50);
  res.on("close", () => clearInterval(timer));
};

test("when the player leaves, the provider is let go", async () => {
  for (const leave of [(connection) => connection.close(), (connection) => connection.reset()]) {
    reset(recordings.signed, drip);
    const gone = await relays("client_gone");
    const connection = await rawPlay(server);
    assert.ok(await connection.wait((self) => split(self).body.length > 5));
    leave(connection);
    await until("the storage is let go", () => world.fake.fileRequests[0].gone);
    await until("it is counted", async () => (await relays("client_gone")) === gone + 1);
    await nothingOpen();
  }
});

test("there is a limit to what is passed on at once", async () => {
  const open = [];
  reset(recordings.signed, (res) => {
    res.writeHead(200, { "content-type": "audio/wav", "content-length": 5 });
    res.write("1");
    open.push(res);
  });
  const connections = [];
  const { url } = await ticketFor(call); // no question to the database, where a person's questions wait in line
  for (let i = 0; i < RELAYS; i++) connections.push(await rawPlay(server, "", url));
  await until("all are open", async () => (await server.metric("ringback_recording_relays_open")) === RELAYS);
  const refused = await play();
  assertError(refused, 503, "busy");
  assert.ok(refused.headers["retry-after"]);
  assert.equal(await relays("busy"), 1);
  await until("all have begun", () => open.length === RELAYS);
  for (const res of open) res.end("2345");
  for (const connection of connections) {
    assert.ok(await connection.wait((self) => split(self).body.toString() === "12345"));
    connection.close();
  }
  reset();
  assert.equal((await play()).status, 200);
});

test("a server that stops lets go of recordings that never end", async () => {
  const on = await another();
  reset(recordings.signed, drip);
  const connection = await rawPlay(on);
  assert.ok(await connection.wait((self) => split(self).body.length > 100));
  assert.match(split(connection).head, /^http\/1\.1 200 ok/);
  await on.stop(); // asserts a clean end
  assert.ok(await connection.waitClosed());
  assert.ok(world.fake.fileRequests[0].gone);
});

test("no address, key or ticket is in a log", async () => {
  await nothingOpen();
  const log = world.servers.map((one) => one.stderr).join("\n");
  assert.match(log, /recording_failed/);
  assert.doesNotMatch(log, /s1gned|storage\.vapi|\/files\/|mono-recording|api\.twilio|ticket|Bearer|169\.254/);
});
