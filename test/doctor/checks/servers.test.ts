import test from 'ava';
import { examine } from '../../../src/doctor/examine.js';
import { finds } from '../finds.js';
import { HEALTHY, withIds } from '../healthy.js';

const NB = { 'ovn-nb': 'tcp:203.0.113.9:6641,ssl:203.0.113.10:6641' };
const SB = { 'ovn-remote': 'ssl:203.0.113.9:6642' };
const ONE_CA = { northbound: true, southbound: true };

finds('servers', [
  [
    'hosts and the northbound server have one CA',
    { ...withIds(NB), certificates: ONE_CA },
    'warn',
    /^OVN_Northbound: the certificate of any host, also of this one, passes for the server's$/,
  ],
  [
    'hosts and the southbound server have one CA',
    { ...withIds(SB), certificates: ONE_CA },
    'warn',
    /^OVN_Southbound: the certificate of any host/,
  ],
]);

test('servers is content with a name, with a CA of the servers alone, and without ssl:', (t) => {
  const name = { 'ovn-nb-server-name': 'ovnnb', 'ovn-remote-server-name': 'ovnsb' };
  for (const change of [
    { ...withIds({ ...NB, ...SB, ...name }), certificates: ONE_CA },
    { ...withIds({ ...NB, ...SB }), certificates: { northbound: false, southbound: undefined } },
    { certificates: ONE_CA },
  ]) {
    const { findings = [] } =
      examine({ ...HEALTHY, ...change }).find(({ check }) => check === 'servers') ?? {};
    t.true(
      findings.every(({ level }) => level === 'ok'),
      JSON.stringify(findings),
    );
  }
});
