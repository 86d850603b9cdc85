// The look for phone numbers must find one however it is written, and must not take a random id for one.
import assert from "node:assert/strict";
import test from "node:test";
import { phoneNumberIn } from "./lib/leaks.mjs";

const NUMBERS = [
  '{"from":"+16465550187"}',
  '{"from":"6465550187"}',
  "from=%2B12125550100&to",
  "from=%2b12125550100&to",
  "tel:+17185550142",
  "caller +12125550100.",
  "7185550142",
];

const IDS = [
  '"request":"1bf2bd46f372c1ce42125555496ab83b"',
  '"id":"2125555496ab83b1bf2bd46f372c1ce4"',
  '"id":"ab83b1bf2bd46f372c1ce42125555496"',
  '"call":"3893c1e6-2608-4534-aeb0-622125555496"',
  '"port":54329',
];

for (const text of NUMBERS) test(`a phone number: ${text}`, () => assert.ok(phoneNumberIn(text)));
for (const text of IDS) test(`no phone number: ${text}`, () => assert.equal(phoneNumberIn(text), null));
