// A change to the API that makes no sense is refused, and the answer names what is wrong with it.
import assert from "node:assert/strict";

/** refused: [change, a word of the message] each; patch(change or text, options) resolves to the answer. */
export async function assertRefused(patch, refused) {
  for (const [change, word] of refused) {
    const answer = await patch(change);
    assert.equal(answer.status, 422, `${JSON.stringify(change)}: ${answer.text}`);
    assert.equal(answer.json().error.code, "invalid");
    assert.ok(answer.json().error.message.includes(word), `${JSON.stringify(change)}: ${answer.text}`);
  }
}

/** Bodies that are no JSON, hold what Postgres cannot, are over the limit (tooLarge bytes), or are something else. */
export async function assertBodiesRefused(patch, { withNul, tooLarge, form }) {
  for (const [body, status] of [
    ["{", 400],
    ["", 400],
    [withNul, 400],
    ["{}".padEnd(tooLarge), 413],
  ])
    assert.equal((await patch(body)).status, status, body.slice(0, 20));
  const answer = await patch(form, { headers: { "content-type": "application/x-www-form-urlencoded" } });
  assert.equal(answer.status, 415);
}
