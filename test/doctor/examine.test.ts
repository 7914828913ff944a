import test from 'ava';
import fc from 'fast-check';
import { examine } from '../../src/doctor/examine.js';
import type { Facts } from '../../src/doctor/facts/facts.js';
import { unknown } from '../../src/doctor/known.js';
import { formatReport } from '../../src/doctor/report.js';
import { changed, HEALTHY, mapped, withBridge } from './healthy.js';

test('every check reports that a healthy host is healthy, and nothing else', (t) => {
  const examined = examine(HEALTHY);
  t.deepEqual(
    examined.map(({ check }) => check),
    [
      ...[
        'daemons',
        'databases',
        'identity',
        'chassis',
        'encapsulation',
        'bridges',
        'mtu',
        'offloads',
        'ports',
      ],
      ...['flows', 'addresses', 'nodes', 'services', 'logs'],
    ],
  );
  t.deepEqual(
    examined.flatMap(({ findings }) => findings.filter(({ level }) => level !== 'ok')),
    [],
  );
});

test('a healthy node that is not a gateway has no problems', (t) => {
  const node: Facts = {
    ...HEALTHY,
    ...withBridge('breth0', undefined),
    flows: [],
    helper: unknown('none'),
    ...{
      northbound: changed(HEALTHY.northbound, { gateways: [] }),
    },
  };
  const interfaces = node.local.isKnown
    ? node.local.value.bridges.flatMap((bridge) => bridge.interfaces.filter(({ type }) => type !== 'patch'))
    : [];
  const local = mapped(node.local, (one) => ({
    ...one,
    bridges: one.bridges.map((bridge) => ({ ...bridge, datapath: 'system', interfaces })),
  }));
  const bad = examine({ ...node, local }).flatMap(({ findings }) =>
    findings.filter(({ level }) => level !== 'ok'),
  );
  t.deepEqual(bad, []);
});

test('whatever external_ids the switch has, every check reports on them', (t) => {
  const text = fc.oneof(
    fc.constantFrom(
      '',
      'none',
      'geneve,stt',
      '203.0.113.10',
      'ssl:1.2.3.4:6641',
      'tcp:x',
      'unix:',
      '61000-65535',
      'br-int',
      ',',
    ),
    fc.string({ unit: 'binary' }),
  );
  const key = fc.constantFrom(
    ...['system-id', 'hostname', 'ovn-nb', 'ovn-remote', 'ovn-encap-ip', 'ovn-encap-type', 'ovn-bridge'],
    ...[
      'ovn-bridge-datapath-type',
      'k8s-physical-ip',
      'k8s-snat-port-range',
      'k8s-node-name',
      'iface-id',
      'bridge-id',
    ],
  );
  const ids = fc.array(fc.tuple(key, text)).map((entries) => new Map(entries));
  fc.assert(
    fc.property(ids, ids, ids, (ofSwitch, ofBridges, ofInterfaces) => {
      const local = mapped(HEALTHY.local, (one) => ({
        ...one,
        externalIds: ofSwitch,
        bridges: one.bridges.map((bridge) => ({
          ...bridge,
          externalIds: ofBridges,
          interfaces: bridge.interfaces.map((each) => ({ ...each, externalIds: ofInterfaces })),
        })),
      }));
      const report = formatReport(examine({ ...HEALTHY, local }));
      for (const line of report.split('\n')) t.true(line.length <= 2_000);
      t.false(/(?!\n)\p{Cc}/u.test(report));
    }),
    { numRuns: 300 },
  );
});
