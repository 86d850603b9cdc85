// How a server that means no good sends an answer: for every stand-in.

const JSON_TYPE = { "content-type": "application/json" };

/** A byte at a time. */
export function drip(res, status, body, everyMs) {
  res.writeHead(status, { ...JSON_TYPE, "content-length": body.length });
  let at = 0;
  const timer = setInterval(() => {
    if (res.destroyed || at >= body.length) return clearInterval(timer);
    res.write(body.subarray(at, ++at));
  }, everyMs);
  timer.unref();
}

/** JSON that begins well and has a text of so many bytes, unless the reader hangs up before. */
export function huge(res, status, opening, bytes) {
  res.writeHead(status, JSON_TYPE);
  res.write(opening);
  const block = Buffer.alloc(65536, 0x61);
  let sent = 0;
  const more = () => {
    while (!res.destroyed && sent < bytes) {
      sent += block.length;
      if (!res.write(block)) return res.once("drain", more);
    }
    res.destroy();
  };
  more();
}
