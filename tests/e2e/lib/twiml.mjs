// Reads TwiML strictly: a document that is not well-formed XML throws.
import assert from "node:assert/strict";

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decode(text) {
  return text.replace(/&([^;]*);?/g, (whole, name) => {
    assert.ok(whole.endsWith(";"), `unescaped & in ${JSON.stringify(text)}`);
    if (name.startsWith("#x")) return String.fromCodePoint(parseInt(name.slice(2), 16));
    if (name.startsWith("#")) return String.fromCodePoint(Number(name.slice(1)));
    assert.ok(name in ENTITIES, `unknown entity ${whole}`);
    return ENTITIES[name];
  });
}

function attributes(text) {
  const out = {};
  const rest = text.replace(/\s+([\w:.-]+)\s*=\s*("[^"<]*"|'[^'<]*')/g, (whole, name, value) => {
    assert.ok(!(name in out), `attribute ${name} twice`);
    out[name] = decode(value.slice(1, -1));
    return "";
  });
  assert.equal(rest.trim(), "", `bad attributes: ${text}`);
  return out;
}

/** The tree: { name, attributes, children, text }. */
export function parseXml(source) {
  assert.ok(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(source), "control characters are no XML");
  const root = { name: "#document", children: [], text: "" };
  const stack = [root];
  const attribute = /\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*')/.source;
  const token = new RegExp(
    `<\\?xml[^?]*\\?>|<!--[\\s\\S]*?-->|</([\\w:.-]+)\\s*>|<([\\w:.-]+)((?:${attribute})*)\\s*(/?)>|([^<]+)`,
    "gy",
  );
  let at = 0;
  while (at < source.length) {
    token.lastIndex = at;
    const match = token.exec(source);
    assert.ok(match, `not well-formed near ${JSON.stringify(source.slice(at, at + 60))}`);
    const top = stack.at(-1);
    if (match[0].startsWith("<?")) assert.equal(at, 0, "something stands before the declaration");
    else if (match[1]) assert.equal(stack.pop().name, match[1], "end tag does not fit");
    else if (match[2]) {
      const node = { name: match[2], attributes: attributes(match[3]), children: [], text: "" };
      top.children.push(node);
      if (!match[4]) stack.push(node);
    } else if (match[5]) top.text += decode(match[5]);
    at = token.lastIndex;
  }
  assert.equal(stack.length, 1, "an element is not closed");
  assert.equal(root.children.length, 1, "exactly one root element");
  return root.children[0];
}

/** Checks an answer to Twilio and returns its Response element. */
export function readTwiml(answer) {
  assert.equal(answer.status, 200, `Twilio must get 200, got ${answer.status}: ${answer.text}`);
  assert.match(answer.headers["content-type"] ?? "", /^(text|application)\/xml(;|$)/);
  assert.ok(answer.body.length <= 64000, "more than Twilio reads");
  const response = parseXml(answer.text);
  assert.equal(response.name, "Response");
  return response;
}

export const verbs = (response) => response.children.map((child) => child.name);
export const find = (node, name) =>
  node.children.find((child) => child.name === name) ?? node.children.map((child) => find(child, name)).find(Boolean);

const absolute = (url) => assert.match(url ?? "", /^https:\/\/missedcall\.example\.com\/api\/twilio\//);

/** The fallback when somebody can be dialled. */
export function assertDials(answer, number) {
  const dial = find(readTwiml(answer), "Dial");
  assert.ok(dial, `no Dial in ${answer.text}`);
  absolute(dial.attributes.action);
  const target = find(dial, "Number");
  assert.equal((target ? target.text : dial.text).trim(), number);
  return dial;
}

/** The fallback when nobody can: a greeting, then voicemail that cannot loop. */
export function assertVoicemail(answer) {
  const response = readTwiml(answer);
  const names = verbs(response);
  assert.ok(names.includes("Record"), `no Record in ${answer.text}`);
  assert.ok(names.indexOf("Say") >= 0 && names.indexOf("Say") < names.indexOf("Record"), "a greeting before the tone");
  absolute(find(response, "Record").attributes.action);
  assert.doesNotMatch(find(response, "Record").attributes.action, /\/api\/webhook/);
  return { say: find(response, "Say").text, record: find(response, "Record") };
}
