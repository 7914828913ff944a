import test from 'ava';
import { parseRuleset } from '../../../src/doctor/facts/netfilter.js';

test('guards and closed chains are read from a ruleset, with the ports that its rules name', (t) => {
  const ruleset = JSON.stringify({
    nftables: [
      { metainfo: { version: '1.0.6' } },
      { table: { family: 'inet', name: 'fw', handle: 3 } },
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
    tables: ['inet fw'],
    ingressDrops: ['ovn_k8s_eth0'],
    closedChains: [{ name: 'inet fw input', ports: [1000, 2000, 6081] }],
  });
  t.deepEqual(parseRuleset(''), { tables: [], ingressDrops: [], closedChains: [] });
});
