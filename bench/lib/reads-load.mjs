// Open loop: requests leave when they are due, whatever became of those before, and latency counts from then.
import http from "node:http";

function get(port, path, token, agent) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "accept-encoding": "gzip" };
    const request = http.get({ host: "127.0.0.1", port, path, agent, headers }, (answer) => {
      let bytes = 0;
      answer.on("data", (part) => (bytes += part.length));
      answer.on("end", () => resolve({ status: answer.statusCode, bytes }));
      answer.on("error", reject);
    });
    request.on("error", reject);
  });
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)];

export async function openLoop({ port, next, rate, count }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });
  const latencies = [], failures = {}, waits = [];
  let bytes = 0, late = 0;
  const begin = performance.now() + 20;
  for (let i = 0; i < count; i++) {
    const due = begin + (i * 1000) / rate;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    late = Math.max(late, performance.now() - due);
    const { path, token } = next(i);
    waits.push(get(port, path, token, agent).then((answer) => {
      latencies.push(performance.now() - due);
      bytes += answer.bytes;
      if (answer.status !== 200) failures[`${answer.status}`] = (failures[`${answer.status}`] ?? 0) + 1;
    }, (error) => (failures[error.code ?? error.message] = (failures[error.code ?? error.message] ?? 0) + 1)));
  }
  await Promise.all(waits);
  agent.destroy();
  latencies.sort((a, b) => a - b);
  return {
    requests: count, failures, p50: at(latencies, 0.5), p90: at(latencies, 0.9), p99: at(latencies, 0.99), most: latencies.at(-1),
    bytes: bytes / count, generator_late_ms: late,
  };
}
