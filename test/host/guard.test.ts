import test from 'ava';
import {
  guardScript,
  guardTable,
  movingGuardScript,
  returningGuardScript,
  withoutGuard,
} from '../../src/host/guard.js';

test('the guard replaces its own table in one transaction and drops everything at the ingress of the NIC', (t) => {
  t.is(
    guardScript('eth0'),
    `table netdev ovn_k8s_eth0
delete table netdev ovn_k8s_eth0
table netdev ovn_k8s_eth0 {
  chain ingress {
    type filter hook ingress device "eth0" priority -500; policy drop;
  }
}
`,
  );
});

test('the guard of a move has the same table at the ingress of the bridge, and lets neighbours be resolved', (t) => {
  const lines = movingGuardScript('eth0', 'breth0').split('\n');
  t.deepEqual(lines.slice(0, 3), guardScript('eth0').split('\n').slice(0, 3));
  t.is(lines[4], '    type filter hook ingress device "breth0" priority -500; policy drop;');
  t.deepEqual(lines.slice(5, 7), [
    '    ether type arp accept',
    '    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept',
  ]);
});

test('during a move the kernel receives router advertisements neither on the bridge nor on the NIC', (t) => {
  const chain = `  chain advertisements {
    type filter hook ingress device "eth0" priority -500; policy accept;
    icmpv6 type nd-router-advert drop
  }
}
`;
  t.true(movingGuardScript('eth0', 'breth0').endsWith(chain));
  t.is(
    returningGuardScript('eth0'),
    `table netdev ovn_k8s_eth0\ndelete table netdev ovn_k8s_eth0\ntable netdev ovn_k8s_eth0 {\n${chain}`,
  );
});

test('an interface with characters that nft has no names for has a table all the same', (t) => {
  t.is(guardTable('eth0.100'), 'ovn_k8s_eth0_100');
  t.is(guardTable('enp3s0-np0'), 'ovn_k8s_enp3s0_np0');
});

test("the guard is taken out of a ruleset, and other tables and other NICs' guards are kept", (t) => {
  const own = 'table netdev ovn_k8s_eth0 {\n\tchain ingress {\n\t\tpolicy drop;\n\t}\n}\n';
  const other = own.replaceAll('eth0', 'eth01');
  const firewall = 'table inet fw {\n\tchain in {\n\t}\n}\n';
  const left = withoutGuard(`${firewall}${own}${other}`, 'eth0');
  t.false(left.includes('ovn_k8s_eth0 {'), left);
  t.true(left.startsWith(firewall) && left.endsWith(other), left);
  t.is(withoutGuard(firewall, 'eth0'), firewall);
});
