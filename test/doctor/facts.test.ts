import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { UnixctlServer } from '../../src/daemon/unixctl_server.js';
import { readDaemon } from '../../src/doctor/facts/daemons.js';
import { parseLinks } from '../../src/doctor/facts/links.js';
import { readLastErrors } from '../../src/doctor/facts/logs.js';
import { parseRuleset } from '../../src/doctor/facts/netfilter.js';
import { parseOffloads } from '../../src/doctor/facts/offloads.js';
import { ask } from '../../src/doctor/known.js';
import { formatReport, hasFailed, reportJson } from '../../src/doctor/report.js';

function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'doctor-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

test('what is late or fails is not known, and says why', async (t) => {
  t.deepEqual(await ask('x', 1_000, async () => 7), { isKnown: true, value: 7 });
  t.deepEqual(await ask('x', 20, () => new Promise(() => undefined)), {
    isKnown: false,
    why: 'x: no answer within 20 ms',
  });
  const failing = await ask('x', 1_000, async () => {
    throw new Error('outer', { cause: new Error('inner') });
  });
  t.deepEqual(failing, { isKnown: false, why: 'outer: inner' });
});

test('links are read with their addresses, and what a filter left out is not one', (t) => {
  const json = `[{},{"ifname":"eth0","mtu":1500,"flags":["BROADCAST","UP"],"addr_info":[{"local":"192.0.2.1"}]},
    {"ifname":"eth1","mtu":9000,"flags":["BROADCAST"]}]`;
  t.deepEqual(
    parseLinks(json).map(({ name, mtu, isUp, addresses }) => [name, mtu, isUp, addresses.join()]),
    [
      ['eth0', 1500, true, '192.0.2.1'],
      ['eth1', 9000, false, ''],
    ],
  );
});

test('guards and closed chains are read from a ruleset, with the ports that its rules name', (t) => {
  const ruleset = JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6' } },
      {
        chain: { family: 'netdev', table: 'ovn_k8s_eth0', name: 'ingress', hook: 'ingress', policy: 'drop' },
      },
      { chain: { family: 'inet', table: 'fw', name: 'input', hook: 'input', policy: 'drop' } },
      { chain: { family: 'inet', table: 'fw', name: 'open', hook: 'input', policy: 'accept' } },
      {
        rule: {
          family: 'inet',
          table: 'fw',
          chain: 'input',
          expr: [
            {
              match: {
                op: '==',
                left: { payload: { protocol: 'udp', field: 'dport' } },
                right: { set: [{ range: [1000, 2000] }, 6081] },
              },
            },
            { accept: null },
          ],
        },
      },
    ],
  });
  t.deepEqual(parseRuleset(ruleset), {
    ingressDrops: ['ovn_k8s_eth0'],
    closedChains: [{ name: 'inet fw input', ports: [1000, 2000, 6081] }],
  });
  t.deepEqual(parseRuleset(''), { ingressDrops: [], closedChains: [] });
});

test('a driver and the features that are on are read from what ethtool prints', (t) => {
  const features =
    'Features for eth0:\nrx-checksumming: on\ntx-checksumming: off\n\ttx-checksum-ipv4: off [fixed]\n';
  const { driver, on } = parseOffloads(
    'driver: veth\nversion: 1.0\n',
    `${features}large-receive-offload: on [fixed]\n`,
  );
  t.is(driver, 'veth');
  t.deepEqual([...on], ['rx-checksumming', 'large-receive-offload']);
});

test('the last errors of a log are read from its end, however long it is', async (t) => {
  const path = join(directory(t), 'x.log');
  t.deepEqual(await readLastErrors(path), []);
  writeFileSync(path, '2026-11-25T10:00:00.000Z|00001|early|ERR|long ago\n');
  for (let i = 0; i < 10; i += 1)
    appendFileSync(path, `2026-11-25T10:01:00.000Z|00002|bridge|INFO|${'x'.repeat(60_000)}\n`);
  appendFileSync(path, '2026-11-25T10:02:00.000Z|00003|bridge|WARN|not an error\n');
  for (const n of [1, 2, 3, 4])
    appendFileSync(path, `2026-11-25T10:03:00.00${n}Z|0000${n}|bridge|ERR|number ${n}\n`);
  const found = await readLastErrors(path);
  t.deepEqual(
    found.map(({ text }) => text),
    ['bridge: number 2', 'bridge: number 3', 'bridge: number 4'],
  );
  t.is(found[0]?.at.toISOString(), '2026-11-25T10:03:00.002Z');
});

test('a daemon is alive, dead, mute or absent, by its pidfile and its control socket', async (t) => {
  const rundir = directory(t);
  const state = async () => (await readDaemon({ program: 'x', rundir, isNeeded: true }, 200)).state;
  t.is(await state(), 'absent');
  writeFileSync(join(rundir, 'x.pid'), '4194304\n');
  t.is(await state(), 'dead');
  writeFileSync(join(rundir, 'x.pid'), `${process.pid}\n`);
  t.is(await state(), 'mute');
  const server = new UnixctlServer(join(rundir, `x.${process.pid}.ctl`));
  server.register('version', '', 0, 0, () => 'x 1');
  await server.listen();
  t.is(await state(), 'alive');
  await server.close();
});

test('a report has a line a finding, each remedy below it, and what it comes to', (t) => {
  const examined = [
    {
      check: 'mtu',
      findings: [
        { level: 'ok', what: 'fits' },
        { level: 'fail', what: 'too long', remedy: 'shorten it' },
      ],
    },
  ] as const;
  t.is(
    formatReport(examined),
    'ok    mtu: fits\nFAIL  mtu: too long\n      remedy: shorten it\n1 failure, 0 warnings\n',
  );
  t.deepEqual(JSON.parse(reportJson(examined)), {
    ok: false,
    findings: [
      { check: 'mtu', level: 'ok', what: 'fits' },
      { check: 'mtu', level: 'fail', what: 'too long', remedy: 'shorten it' },
    ],
  });
  t.false(hasFailed([]));
  t.is(formatReport([]), 'all is well\n');
});
