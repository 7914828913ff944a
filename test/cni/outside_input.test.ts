// Whatever a runtime sends is read, or refused with an error that it understands.
import { Readable } from 'node:stream';
import test from 'ava';
import fc from 'fast-check';
import { CniError, formatError } from '../../src/cni/errors.js';
import { readPrevResult } from '../../src/cni/expected.js';
import { readAttachment, readConfiguration } from '../../src/cni/request.js';
import { readAll } from '../../src/cni/stdin.js';

const HERE = { ifName: 'eth0', netns: '/run/netns/x' };
const KEYS = [
  'cniVersion',
  'name',
  'mtu',
  'timeout',
  'kubeconfig',
  'db',
  'prevResult',
  'toString',
  '__proto__',
];
const configuration = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.dictionary(fc.constantFrom(...KEYS), fc.jsonValue()).map((value) => JSON.stringify(value)),
);

const text = fc.string({ unit: 'binary', maxLength: 300 });
const pair = fc
  .tuple(fc.constantFrom('K8S_POD_NAMESPACE', 'K8S_POD_NAME', 'K8S_POD_UID', 'IgnoreUnknown', 'x'), text)
  .map(([key, value]) => `${key}=${value}`);
const environment = fc.record(
  {
    CNI_COMMAND: fc.constantFrom('ADD', 'DEL', 'CHECK'),
    CNI_CONTAINERID: fc.oneof(text, fc.constant('box1')),
    CNI_NETNS: fc.oneof(text, fc.constant('/run/netns/x')),
    CNI_IFNAME: fc.oneof(text, fc.constant('eth0')),
    CNI_ARGS: fc.oneof(
      text,
      fc.array(pair).map((pairs) => pairs.join(';')),
    ),
  },
  { requiredKeys: ['CNI_COMMAND'] },
);

/** Runs `read`; returns what it read, or `undefined` if it refused with an error for the runtime. */
function readOrRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    JSON.parse(formatError('1.0.0', error));
    return undefined;
  }
}

test('any text on standard input is read as a configuration, or refused with an error of CNI', (t) => {
  const property = fc.property(configuration, (given) => {
    const config = readOrRefused(() => readConfiguration(given));
    return config === undefined || (config.timeoutMs >= 1_000 && config.timeoutMs <= 3_600_000);
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2_000 }));
});

test('a configuration that is nested too deep for a stack is read, or refused with an error of CNI', (t) => {
  const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  for (const key of KEYS) {
    for (const value of [deep(400_000), `{"toString":1}`, `{"length":-1}`])
      t.notThrows(() => readOrRefused(() => readConfiguration(`{"${key}":${value}}`)), key);
  }
});

test('any arguments are read as an attachment, or refused with an error of CNI', (t) => {
  const property = fc.property(environment, (env) => {
    const attachment = readOrRefused(() => readAttachment(env));
    if (attachment === undefined) return true;
    const { ifName, netns, containerId, namespace, pod, uid = '' } = attachment;
    const words = [ifName, containerId, namespace, pod, uid];
    return words.every((word) => /^[\w.@+-]*$/.test(word) && !word.startsWith('-')) && !netns.includes('\0');
  });
  t.notThrows(() => fc.assert(property, { numRuns: 5_000 }));
});

test('any value is read as the result of ADD, or refused with an error of CNI', (t) => {
  const fields = fc.dictionary(
    fc.constantFrom('name', 'mac', 'sandbox', 'address', 'gateway', 'interface', 'toString'),
    fc.oneof(fc.jsonValue(), fc.constantFrom('eth0', '/run/netns/x', 0)),
  );
  const result = fc.record({ interfaces: fc.array(fields), ips: fc.array(fields) });
  const property = fc.property(fc.oneof(fc.jsonValue(), result), (value) => {
    const expected = readOrRefused(() => readPrevResult(value, HERE));
    return expected === undefined || typeof expected.mac === 'string';
  });
  t.notThrows(() => fc.assert(property, { numRuns: 2_000 }));
});

test('any octets on standard input are read as text, or refused with an error of CNI', async (t) => {
  const property = fc.asyncProperty(fc.array(fc.uint8Array()), async (chunks) => {
    const whole = Buffer.concat(chunks).toString('utf8');
    return (
      (await readAll(undefined, () => Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) === whole
    );
  });
  await t.notThrowsAsync(fc.assert(property));
});
