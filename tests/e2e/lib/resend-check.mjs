// What Resend refuses in a mail. Each check returns [status, name, message], or null for a mail that is in order.

const FIELDS = new Set(
  ["from", "to", "subject", "html", "text", "cc", "bcc", "reply_to", "headers", "tags"].concat([
    "scheduled_at",
    "attachments",
    "template",
    "topic_id",
  ]),
);
const ADDRESS = /^[^\s@<>(),;:"\p{Cc}]+@([a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+)$/iu;
const NAMED = /^([^<>\p{Cc}]*)<([^<>\p{Cc}]+)>$/u;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TAG = /^[A-Za-z0-9_-]{1,256}$/;

/** The address in `Name <a@b.example>` or `a@b.example`, or null. */
export function bareAddress(text) {
  if (typeof text !== "string") return null;
  const named = NAMED.exec(text.trim());
  const bare = named ? named[2] : text;
  return ADDRESS.test(bare) ? bare : null;
}

const invalid = (message) => [422, "invalid_parameter", message];
const missing = (field) => [422, "missing_required_field", `Missing \`${field}\` field.`];

function checkList(mail, field, required) {
  if (mail[field] === undefined) return required ? missing(field) : null;
  const list = [].concat(mail[field]);
  if (list.length < 1 || list.length > 50) return invalid(`The \`${field}\` field takes 1 to 50 addresses.`);
  const bad = list.some((text) => bareAddress(text) === null);
  return bad ? invalid(`Invalid \`${field}\` field. Use \`email@example.com\` or \`Name <email@example.com>\`.`) : null;
}

function checkFrom(mail, domains) {
  if (mail.from === undefined) return missing("from");
  const address = bareAddress(mail.from);
  if (address === null) return [422, "invalid_from_address", "Invalid `from` field."];
  const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
  return domains.includes(domain) ? null : [403, "validation_error", `The ${domain} domain is not verified.`];
}

function checkText(mail) {
  if (mail.subject === undefined) return missing("subject");
  if (typeof mail.subject !== "string" || mail.subject === "") return invalid("The `subject` field is empty.");
  if (/\p{Cc}/u.test(mail.subject)) return invalid("The `subject` field holds control characters.");
  if (mail.html === undefined && mail.text === undefined) return missing("html` or `text");
  for (const field of ["html", "text"]) {
    if (mail[field] !== undefined && typeof mail[field] !== "string") return invalid(`\`${field}\` is not a string.`);
  }
  return null;
}

function checkHeaders(headers) {
  if (headers === undefined) return null;
  if (typeof headers !== "object" || headers === null || Array.isArray(headers))
    return invalid("`headers` is not an object.");
  for (const [name, value] of Object.entries(headers)) {
    if (!TOKEN.test(name)) return invalid("A header's name is none.");
    if (typeof value !== "string" || /\p{Cc}/u.test(value)) return invalid(`The header ${name} cannot be sent.`);
  }
  return null;
}

function checkTags(tags) {
  if (tags === undefined) return null;
  if (!Array.isArray(tags)) return invalid("`tags` is not an array.");
  const good = tags.every(
    (tag) => tag && TAG.test(tag.name) && TAG.test(tag.value) && Object.keys(tag).sort().join() === "name,value",
  );
  if (!good) return invalid("Tags should only contain ASCII letters, numbers, underscores, or dashes.");
  const names = new Set(tags.map((tag) => tag.name));
  return names.size === tags.length ? null : invalid("Two tags have one name.");
}

export function checkMail(mail, domains) {
  if (typeof mail !== "object" || mail === null || Array.isArray(mail)) return invalid("A mail is an object.");
  const odd = Object.keys(mail).find((field) => !FIELDS.has(field));
  if (odd) return invalid(`There is no field \`${odd}\`.`);
  return (
    checkFrom(mail, domains) ??
    checkList(mail, "to", true) ??
    checkText(mail) ??
    ["cc", "bcc", "reply_to"].map((field) => checkList(mail, field, false)).find(Boolean) ??
    checkHeaders(mail.headers) ??
    checkTags(mail.tags)
  );
}

/** One bad mail refuses all. */
export function checkBatch(list, domains) {
  if (!Array.isArray(list) || list.length < 1 || list.length > 100)
    return invalid("A batch is an array of 1 to 100 mails.");
  for (const [i, mail] of list.entries()) {
    const wrong = checkMail(mail, domains);
    if (wrong) return [wrong[0], wrong[1], `emails[${i}]: ${wrong[2]}`];
    for (const field of ["attachments", "scheduled_at"]) {
      if (mail[field] !== undefined) return invalid(`emails[${i}]: \`${field}\` is not supported in a batch.`);
    }
  }
  return null;
}
