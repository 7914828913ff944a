import test from 'ava';
import { examine } from '../../src/doctor/examine.js';
import type { Facts } from '../../src/doctor/facts/facts.js';
import { unknown } from '../../src/doctor/known.js';
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
      ...['flows', 'addresses', 'nodes', 'logs'],
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
