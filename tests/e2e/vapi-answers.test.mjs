// The four messages that want an answer, in every shape they come in, and how fast.
import test from "node:test";
import assert from "node:assert/strict";
import { ASSISTANT_ID, DEFAULT_ASSISTANT_ID, LARKSPUR, PLAIN, UNMAPPED_PHONE, fixtureJson } from "./lib/env.mjs";
import { World } from "./lib/world.mjs";
import { fixtureFor, freshCall, message, post } from "./lib/vapi.mjs";

const world = await World.create();
const server = await world.start();

const phoneNumber = (number) => ({ provider: "twilio", number });
const assistantRequest = (call, number, customer = { number: "+16465550187" }) =>
  message(
    "assistant-request",
    { id: call.id, ...(customer ? { customer } : {}) },
    { phoneNumber: phoneNumber(number), ...(customer ? { customer } : {}) },
  );

test("assistant-request: the business's assistant with its variables, within a second", async () => {
  const answer = await post(server, assistantRequest(freshCall(), LARKSPUR.phone));
  assert.equal(answer.status, 200);
  const body = answer.json();
  assert.equal(body.assistantId, ASSISTANT_ID);
  assert.equal(body.assistantOverrides.variableValues.business_name, LARKSPUR.name);
  assert.equal(body.assistantOverrides.variableValues.caller_number, "+16465550187");
  assert.ok(!("tools:append" in body.assistantOverrides), "it does not book");
  assert.ok(answer.ms < 1000, `${answer.ms} ms`);
});

test("assistant-request for a business without an assistant: the default one", async () => {
  const body = (await post(server, assistantRequest(freshCall(), PLAIN.phone))).json();
  assert.equal(body.assistantId, DEFAULT_ASSISTANT_ID);
  assert.equal(body.assistantOverrides.variableValues.business_name, PLAIN.name);
});

test("assistant-request for an unmapped number: the default assistant or a polite error", async () => {
  const body = (await post(server, assistantRequest(freshCall(), UNMAPPED_PHONE))).json();
  assert.ok(
    body.assistantId === DEFAULT_ASSISTANT_ID || (typeof body.error === "string" && body.error.length > 10),
    JSON.stringify(body),
  );
  const bare = await world.start({
    VAPI_ASSISTANT_ID: null,
    VAPI_API_KEY: null,
    VAPI_PHONE_NUMBER_ID: null,
    VAPI_API_URL: null,
  });
  const polite = (await post(bare, assistantRequest(freshCall(), UNMAPPED_PHONE))).json();
  assert.equal(typeof polite.error, "string");
  await bare.stop();
});

test("assistant-request of an anonymous or web caller", async () => {
  for (const customer of [null, {}, { number: null }, { number: "anonymous" }]) {
    const answer = await post(server, assistantRequest(freshCall(), LARKSPUR.phone, customer));
    assert.equal(answer.json().assistantId, ASSISTANT_ID, JSON.stringify(customer));
  }
});

test("assistant-request is answered from memory while the tables are locked", async () => {
  const locker = await world.db.session();
  await locker.query("begin");
  await locker.query("lock table businesses, business_phones, calls, call_events in access exclusive mode");
  const calls = Array.from({ length: 5 }, freshCall);
  const answers = await Promise.all(calls.map((call) => post(server, assistantRequest(call, LARKSPUR.phone))));
  await locker.query("rollback");
  await locker.end();
  for (const answer of answers) {
    assert.equal(answer.status, 200);
    assert.equal(answer.json().assistantId, ASSISTANT_ID);
    assert.ok(answer.ms < 1000, `${answer.ms} ms`);
  }
});

test("assistant-request and tool-calls are answered while the database is away", async () => {
  await world.db.lockOut();
  try {
    for (const body of [
      assistantRequest(freshCall(), LARKSPUR.phone),
      fixtureFor("transfer-destination-request.json", freshCall()),
    ]) {
      const answer = await post(server, body);
      assert.equal(answer.status, 200);
      assert.ok(answer.ms < 1000, `${answer.ms} ms`);
      assert.ok(answer.json().assistantId || answer.json().destination);
    }
    const tools = await post(server, fixtureFor("tool-calls-parallel-two.json", freshCall()));
    assert.equal(tools.status, 200);
    assert.deepEqual(
      tools.json().results.map((result) => typeof result.error),
      ["string", "string"],
    );
    assert.ok(tools.ms < 5000, `${tools.ms} ms: the caller hears silence`);
    assert.ok((await server.metric("ringback_control_answer_not_durable_total")) >= 1);
  } finally {
    await world.db.letIn();
  }
  await server.ready(20000);
});

const SHAPES = [
  "tool-calls-check_availability.json",
  "tool-calls-check_availability-wire.json",
  "tool-calls-docs-flat-arguments.json",
  "tool-calls-docs-flat-parameters.json",
  "tool-calls-book_appointment.json",
  "tool-calls-book_appointment-wire.json",
  "tool-calls-broken-arguments.json",
  "tool-calls-parallel-two.json",
];
for (const name of SHAPES) {
  test(`${name}: one result per call, same ids and order, one line of text`, async () => {
    const list = fixtureJson(name).message.toolCallList;
    const answer = await post(server, fixtureFor(name, freshCall()));
    assert.equal(answer.status, 200);
    assertResults(
      answer.json(),
      list.map((call) => [call.id, call.function?.name ?? call.name]),
    );
  });
}

function assertResults(body, wanted) {
  assert.deepEqual(
    body.results.map((result) => [result.toolCallId, result.name]),
    wanted,
  );
  for (const result of body.results) {
    assert.ok(!("result" in result), "nothing may be promised by a business that does not book");
    assert.equal(typeof result.error, "string");
    assert.ok(result.error.length > 0 && !/[\r\n]/.test(result.error));
  }
}

const one = (id, name) => ({ id, type: "function", function: { name, arguments: "{}" } });
const ODD_LISTS = {
  "toolCalls only": [{ toolCalls: [one("a", "x")] }, [["a", "x"]]],
  "toolWithToolCallList only": [
    { toolWithToolCallList: [{ type: "function", name: "x", toolCall: one("b", "x") }] },
    [["b", "x"]],
  ],
  "toolCallList before toolCalls": [{ toolCalls: [one("no", "no")], toolCallList: [one("c", "y")] }, [["c", "y"]]],
  "an empty toolCallList": [{ toolCallList: [] }, []],
  "ten at once": [
    { toolCallList: Array.from({ length: 10 }, (_, i) => one(`t${i}`, `f${i}`)) },
    Array.from({ length: 10 }, (_, i) => [`t${i}`, `f${i}`]),
  ],
  "the same id twice": [
    { toolCallList: [one("d", "x"), one("d", "x")] },
    [
      ["d", "x"],
      ["d", "x"],
    ],
  ],
  "names with quotes and line breaks": [{ toolCallList: [one('e"\\\n', 'x"\n<y>')] }, [['e"\\\n', 'x"\n<y>']]],
};
for (const [what, [fields, wanted]] of Object.entries(ODD_LISTS)) {
  test(`tool-calls with ${what}`, async () => {
    assertResults((await post(server, message("tool-calls", freshCall().id, fields))).json(), wanted);
  });
}

test("more calls of booking tools than one message may have: the first ones are asked", async () => {
  const list = Array.from({ length: 10 }, (_, i) => one(`t${i}`, i % 2 ? "book_appointment" : "check_availability"));
  const fields = { toolCallList: list, phoneNumber: phoneNumber(LARKSPUR.phone) };
  const { results } = (await post(server, message("tool-calls", freshCall().id, fields))).json();
  assert.deepEqual(
    results.map((result) => [result.toolCallId, result.error === "One at a time, please."]),
    list.map((call, i) => [call.id, i >= 8]),
  );
});

test("a booking tool for a number that nobody has: an error, at once", async () => {
  const fields = { toolCallList: [one("a", "check_availability")], phoneNumber: phoneNumber(UNMAPPED_PHONE) };
  const answer = await post(server, message("tool-calls", freshCall().id, fields));
  assertResults(answer.json(), [["a", "check_availability"]]);
});

test("a repeated tool call gets the same results and is one event", async () => {
  const call = freshCall();
  const body = fixtureFor("tool-calls-parallel-two.json", call);
  const first = await post(server, body);
  const second = await post(server, body);
  assert.equal(second.text, first.text);
  const { id } = await world.db.callByVapi(call.id);
  assert.equal(await world.db.count("call_events where call_id = $1", [id]), 1);
});

test("function-call of 2024: one result", async () => {
  const body = (await post(server, fixtureFor("function-call-legacy.json", freshCall()))).json();
  assert.equal(typeof body.result, "string");
  assert.ok(body.result.length > 0 && !/[\r\n]/.test(body.result));
});

for (const type of ["transfer-destination-request", "handoff-destination-request"]) {
  test(`${type}: the business's forward_to, or a spoken error`, async () => {
    const good = (
      await post(server, message(type, freshCall().id, { phoneNumber: phoneNumber(LARKSPUR.phone) }))
    ).json();
    assert.equal(good.destination.type, "number");
    assert.equal(good.destination.number, LARKSPUR.forwardTo);
    for (const number of [PLAIN.phone, UNMAPPED_PHONE]) {
      const none = (await post(server, message(type, freshCall().id, { phoneNumber: phoneNumber(number) }))).json();
      assert.equal(typeof none.error, "string", JSON.stringify(none));
      assert.ok(!("destination" in none));
    }
  });
}

test("the number is found wherever Vapi puts it", async () => {
  const type = "transfer-destination-request";
  const id = () => freshCall().id;
  const places = [
    message(type, id(), { phoneNumber: phoneNumber(LARKSPUR.phone) }),
    message(type, { id: id(), phoneNumber: phoneNumber(LARKSPUR.phone) }),
    message(type, { id: id(), assistantOverrides: { metadata: { twilioNumber: LARKSPUR.phone } } }),
    message(type, { id: id(), metadata: { twilioNumber: LARKSPUR.phone } }),
  ];
  for (const [i, body] of places.entries()) {
    assert.equal((await post(server, body)).json().destination?.number, LARKSPUR.forwardTo, `place ${i}`);
  }
});

test("the answers are JSON with a length, over keep-alive", async () => {
  const answer = await post(server, message("hang", freshCall().id));
  assert.equal(answer.text, "{}");
  assert.match(answer.headers["content-type"], /^application\/json/);
  assert.equal(answer.headers["content-length"], "2");
});
