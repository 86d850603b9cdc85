// A small mail server that keeps what it takes, and has bad days on request: just enough SMTP (RFC 5321) for one client that
// signs in and sends one mail a session.
import net from "node:net";

export const SMTP_USER = "digest@mail.example.com";
export const SMTP_PASSWORD = "p%:@/larkspur-smtp-5b7d";

/** An answer, or null: none, ever. `close`: the connection is cut behind it. */
const say = (text, close = false) => ({ text, close });
const GOOD = { rcpt: say("250 2.1.5 Ok"), end: say("250 2.0.0 Ok: queued as 4Xy1") };

/** What may happen to one mail; `takes`: it reaches its reader. */
export const smtpMoods = {
  ok: { ...GOOD, takes: true },
  greylisted: { ...GOOD, rcpt: say("450 4.2.0 Try again later") },
  noSuchUser: { ...GOOD, rcpt: say("550 5.1.1 No such user") },
  refused: { ...GOOD, end: say("554 5.7.1 Looks like spam") },
  full: { ...GOOD, end: say("452 4.3.1 Disk full") },
  cutBefore: { ...GOOD, rcpt: say("", true) },
  cutAfter: { ...GOOD, end: say("", true), takes: true },
  muteAfter: { ...GOOD, end: null, takes: true },
};

export class Smtp {
  static async start() {
    const smtp = new Smtp();
    await new Promise((resolve) => smtp.server.listen(0, "127.0.0.1", resolve));
    return smtp;
  }

  constructor() {
    this.tries = []; // {to, mood} in the order they came
    this.mails = []; // {from, to, raw}: taken
    this.signedIn = 0;
    this.rude = () => smtpMoods.ok; // (address, how often it was tried before)
    this.sockets = new Set();
    this.server = net.createServer((socket) => this.#talk(socket));
  }

  get url() {
    const login = [SMTP_USER, SMTP_PASSWORD].map(encodeURIComponent).join(":");
    return `smtp://${login}@127.0.0.1:${this.server.address().port}`;
  }

  mailsTo(address) {
    return this.mails.filter((mail) => mail.to === address);
  }
  triesOf(address) {
    return this.tries.filter((attempt) => attempt.to === address);
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #talk(socket) {
    const session = { socket, lines: null, user: null, from: null, to: null, mood: null };
    let rest = "";
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    socket.setEncoding("latin1");
    socket.on("data", (bytes) => {
      const lines = (rest + bytes).split("\r\n");
      rest = lines.pop();
      for (const line of lines) this.#hear(session, line);
    });
    this.#answer(session, say("220 mail.larkspur.example ESMTP"));
  }

  #answer({ socket }, answer) {
    if (!answer) return;
    if (answer.text) socket.write(`${answer.text}\r\n`);
    if (answer.close) socket.end();
  }

  #hear(session, line) {
    if (session.lines && line === ".") return this.#take(session);
    if (session.lines) return void session.lines.push(line.replace(/^\./, ""));
    this.#answer(session, this.#command(session, line));
  }

  #command(session, line) {
    const [, word] = /^(\w*)/.exec(line);
    if (session.user === "asked") return this.#signIn(session, line);
    switch (word.toUpperCase()) {
      case "EHLO":
        return say("250-mail.larkspur.example\r\n250-SIZE 10000000\r\n250 AUTH PLAIN");
      case "AUTH":
        session.user = "asked";
        return say("334 ");
      case "MAIL":
        session.from = /^MAIL FROM:<([^>]*)>/i.exec(line)?.[1];
        return session.user && session.from ? say("250 2.1.0 Ok") : say("530 5.7.0 Authentication required");
      case "RCPT":
        return this.#recipient(session, line);
      case "DATA":
        session.lines = session.to ? [] : null;
        return session.to ? say("354 Go on") : say("503 5.5.1 No recipient");
      case "QUIT":
        return say("221 2.0.0 Bye", true);
      default:
        return say("502 5.5.2 Not known here");
    }
  }

  #signIn(session, line) {
    const [, user, password] = Buffer.from(line, "base64").toString().split("\0");
    const good = user === SMTP_USER && password === SMTP_PASSWORD;
    session.user = good ? user : null;
    this.signedIn += good ? 1 : 0;
    return good ? say("235 2.7.0 Ok") : say("535 5.7.8 No");
  }

  #recipient(session, line) {
    const to = /^RCPT TO:<([^>]*)>/i.exec(line)?.[1];
    session.mood = this.rude(to, this.triesOf(to).length);
    this.tries.push({ to, mood: session.mood });
    session.to = session.mood.rcpt.text.startsWith("250") ? to : null;
    return session.mood.rcpt;
  }

  #take(session) {
    const { from, to, lines, mood } = session;
    if (mood.takes) this.mails.push({ from, to, raw: lines.join("\r\n") });
    session.lines = null;
    this.#answer(session, mood.end);
  }
}

const decoded = (bytes) => Buffer.from(bytes, "latin1").toString("utf8");
const unhex = (text) => text.replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));

/** Encoded words (RFC 2047) as text. */
const unword = (text) =>
  decoded(
    text
      .replace(/\?=\s+=\?UTF-8\?Q\?/g, "")
      .replace(/=\?UTF-8\?Q\?([^?]*)\?=/g, (_, words) => unhex(words.replaceAll("_", " "))),
  );

/** {headers, parts: {"text/plain", "text/html"}} of a mail as it travelled; names of headers in small letters. */
export function parseMail(raw) {
  const [head, body] = splitOnce(raw, "\r\n\r\n");
  const headers = parseHeaders(head);
  const boundary = /boundary="([^"]+)"/.exec(headers["content-type"])[1];
  const parts = {};
  for (const piece of body.split(`--${boundary}`).slice(1, -1)) {
    const [partHead, text] = splitOnce(piece.replace(/^\r\n/, ""), "\r\n\r\n");
    const type = parseHeaders(partHead)["content-type"].split(";")[0];
    parts[type] = decoded(unhex(text.replace(/\r\n$/, "").replaceAll("=\r\n", "")));
  }
  return { headers, parts };
}

function splitOnce(text, at) {
  const i = text.indexOf(at);
  return [text.slice(0, i), text.slice(i + at.length)];
}

function parseHeaders(text) {
  const lines = text.replace(/\r\n(?=[ \t])/g, "").split("\r\n");
  return Object.fromEntries(lines.map((line) => splitOnce(line, ": ")).map(([k, v]) => [k.toLowerCase(), unword(v)]));
}
