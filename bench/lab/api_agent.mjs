// The benchmark's own client of an API server. Arguments: URL TOKEN CA-FILE, then
//   send RATE    sends the requests on standard input, a JSON array of [method, path, body], AT_ONCE at a time and at
//                most RATE a second; prints the milliseconds that all took, and the time of the last answer
//   watch PATH   prints "watching", then one line of JSON an event, with the wall clock in milliseconds
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

const AT_ONCE = 16;
const TYPES = { PATCH: 'application/merge-patch+json', POST: 'application/json', DELETE: 'application/json' };
const [url, token, caFile, mode, argument] = process.argv.slice(2);
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, ca: readFileSync(caFile) });

if (mode === 'send') await sendAll(JSON.parse(await text(process.stdin)), Number(argument));
else await watch(argument);

async function sendAll(requests, rate) {
  const began = performance.now();
  const rest = requests.entries();
  let answeredAt = 0;
  const worker = async () => {
    for (const [index, [method, target, body]] of rest) {
      const early = began + (1000 * index) / rate - performance.now();
      if (early > 0) await pause(early);
      const response = await ask(method, target, body && JSON.stringify(body));
      answeredAt = performance.timeOrigin + performance.now();
      const answer = await text(response);
      if (response.statusCode >= 300)
        throw new Error(`${method} ${target}: ${response.statusCode} ${answer}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  console.log(JSON.stringify({ tookMs: performance.now() - began, answeredAt }));
  agent.destroy();
}

async function watch(target) {
  const { metadata } = JSON.parse(await text(await ask('GET', `${target}?limit=1`)));
  const response = await ask('GET', `${target}?watch=true&resourceVersion=${metadata.resourceVersion}`);
  console.log('watching');
  for await (const line of createInterface({ input: response })) {
    const at = performance.timeOrigin + performance.now();
    const { type, object } = JSON.parse(line);
    const annotated = object.metadata.annotations?.ovn !== undefined;
    console.log(JSON.stringify({ at, type, name: object.metadata.name, annotated }));
  }
}

function ask(method, target, body) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': TYPES[method] ?? 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(target, url), { method, headers, agent }, resolve);
    sent.once('error', reject);
    sent.end(body);
  });
}
