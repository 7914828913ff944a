import test from 'ava';
import { type Host, startHost } from '../lab/host.js';
import { Lab } from '../lab/lab.js';
import { cable } from '../lab/link.js';
import type { Namespace } from '../lab/namespace.js';

/** A host with a NIC that carries all that can hang on one, and the router it is cabled to. */
async function edge(): Promise<{ lab: Lab; host: Host; router: Namespace }> {
  const lab = Lab.open();
  const [host, router] = await Promise.all([startHost(lab, 'edge'), lab.namespace('router')]);
  // Without detection of duplicates an address is never tentative: the inventory does not change by itself.
  await host.net.sysctl({ 'net.ipv6.conf.default.accept_dad': 0 });
  await cable({ in: host.net, name: 'eth0', mac: '0a:58:cb:00:71:0a' }, { in: router, name: 'lan' });
  await host.net.sysctl({ 'net.ipv4.conf.eth0.rp_filter': 2, 'net.ipv6.conf.eth0.accept_ra': 0 });
  await router.ip(
    'addr add 203.0.113.1/24 dev lan',
    'addr add 2001:db8::1/64 dev lan nodad',
    'addr add 198.51.100.1/32 dev lan',
  );
  await host.net.ip(
    'link set eth0 mtu 1450',
    'addr add 203.0.113.10/24 broadcast 203.0.113.255 dev eth0',
    'addr add 203.0.113.11/24 dev eth0 label eth0:1',
    'addr add 192.0.2.5/32 dev eth0',
    'addr add 203.0.113.12/24 dev eth0 valid_lft 3600 preferred_lft 1800',
    'addr add 2001:db8::10/64 dev eth0 nodad',
    'addr add 2001:db8:1::10/64 dev eth0 noprefixroute nodad',
    'route add default via 203.0.113.1 dev eth0 proto static metric 100 src 203.0.113.10 mtu 1400',
    'route add 198.51.100.0/24 via 192.0.2.1 dev eth0 onlink proto 99',
    'route add default via 203.0.113.1 dev eth0 table 77',
    'route add 10.9.0.0/16 dev eth0 scope link metric 5',
    'route add default via 2001:db8::1 dev eth0 metric 1024 pref high',
    'route add 2001:db8:9::/48 via fe80::99 dev eth0',
    'rule add iif eth0 table 77 priority 1000',
    'neigh add 203.0.113.66 lladdr 02:00:00:00:00:66 dev eth0 nud permanent',
    'neigh add 2001:db8::66 lladdr 02:00:00:00:00:66 dev eth0 nud permanent',
  );
  await host.net.exec(['ip', '-6', 'rule', 'add', 'oif', 'eth0', 'table', '77', 'priority', '1001']);
  return { lab, host, router };
}

/** All that must come back the same, without what time changes. */
async function inventory(net: Namespace, device: string): Promise<unknown> {
  const dump = async (...args: string[]) =>
    JSON.parse((await net.exec(['ip', '-json', '-details', ...args])) || '[]');
  const [addresses, routes4, routes6, rules4, rules6, neighbours] = await Promise.all([
    dump('address', 'show', 'dev', device),
    dump('-4', 'route', 'show', 'table', 'all'),
    dump('-6', 'route', 'show', 'table', 'all'),
    dump('-4', 'rule', 'show'),
    dump('-6', 'rule', 'show'),
    dump('neighbour', 'show', 'dev', device, 'nud', 'permanent'),
  ]);
  const text = JSON.stringify({
    addresses: addresses
      .flatMap((link: { addr_info: object[] }) => link.addr_info)
      .map((one: object) => ({
        ...one,
        valid_life_time: Object.hasOwn(one, 'dynamic'),
        preferred_life_time: 0,
      })),
    routes: [...routes4, ...routes6].filter((route: { dev?: string }) => route.dev === device),
    rules: [...rules4, ...rules6],
    neighbours,
  });
  return JSON.parse(text.replaceAll(device, 'DEVICE'));
}

const moved = ['ovn-k8s-util', ['nics-to-bridge', 'eth0']] as const;
const back = ['ovn-k8s-util', ['bridge-to-nics', 'breth0']] as const;

test('everything that hangs on a NIC moves to the bridge, and comes back the same', async (t) => {
  const { lab, host } = await edge();
  t.teardown(() => lab.dispose());
  const before = await inventory(host.net, 'eth0');

  const there = await host.run(...moved);
  t.is(there.exitCode, 0, there.stderr);
  t.deepEqual(await inventory(host.net, 'breth0'), before);
  t.is((await host.net.exec(['sysctl', '-n', 'net.ipv4.conf.breth0.rp_filter'])).trim(), '2');
  t.regex(await host.net.exec(['ip', 'link', 'show', 'breth0']), /mtu 1450/);
  t.is(
    (
      await host.vsctl(
        'get',
        'Bridge',
        'breth0',
        'fail_mode',
        'other_config:hwaddr',
        'external_ids:bridge-id',
      )
    ).replaceAll('"', ''),
    'standalone\n0a:58:cb:00:71:0a\nbreth0',
  );

  const again = await host.run(...moved);
  t.is(again.exitCode, 0, again.stderr);
  t.deepEqual(await inventory(host.net, 'breth0'), before);

  const home = await host.run(...back);
  t.is(home.exitCode, 0, home.stderr);
  t.deepEqual(await inventory(host.net, 'eth0'), before);
  t.is(await host.vsctl('list-br'), '');
  t.is((await host.net.exec(['nft', 'list', 'ruleset'])).trim(), '');
});

test('a stopped ovs-vswitchd is a step that fails, and everything is as it was', async (t) => {
  const { lab, host } = await edge();
  t.teardown(() => lab.dispose());
  const before = await inventory(host.net, 'eth0');
  await host.killSwitch();
  const failed = await host.run('ovn-k8s-util', ['nics-to-bridge', '--timeout=1', 'eth0']);
  t.is(failed.exitCode, 1);
  t.regex(
    failed.stderr,
    /^ovn-k8s-util: step 1, make bridge breth0, failed: device breth0 did not appear .*everything is as it was\n?$/,
  );
  t.deepEqual(await inventory(host.net, 'eth0'), before);
  t.is(await host.vsctl('--no-wait', 'list-br'), '');
  await host.startSwitch();
  t.is((await host.run(...moved)).exitCode, 0);
  t.deepEqual(await inventory(host.net, 'breth0'), before);
});

test('a step that fails after the move takes everything back', async (t) => {
  const { lab, host } = await edge();
  t.teardown(() => lab.dispose());
  const before = await inventory(host.net, 'eth0');
  // A rule of the same priority, table and selector on the bridge makes the batch fail on its way.
  await host.net.exec(['ip', 'rule', 'add', 'iif', 'breth0', 'table', '77', 'priority', '1000']);
  const failed = await host.run(...moved);
  t.is(failed.exitCode, 1);
  t.regex(
    failed.stderr,
    /step 5, move addresses, .* failed: ip -batch .*File exists.*everything is as it was/,
  );
  t.deepEqual(await inventory(host.net, 'eth0'), before);
  t.is(await host.vsctl('list-br'), '');
  t.is((await host.net.exec(['nft', 'list', 'ruleset'])).trim(), '');
});

test('a dry run prints the plan and what stays behind, and changes nothing', async (t) => {
  const { lab, host } = await edge();
  t.teardown(() => lab.dispose());
  await host.net.exec(['nft', '-f', '-'], {
    input: 'table inet fw { chain in { type filter hook input priority 0; iifname "eth0" drop; }; }\n',
  });
  const before = await inventory(host.net, 'eth0');
  const dry = await host.run('ovn-k8s-util', ['nics-to-bridge', '--dry-run', 'eth0']);
  t.is(dry.exitCode, 0, dry.stderr);
  t.regex(dry.stdout, /1\. make bridge breth0/);
  t.regex(dry.stdout, /route add default via 203\.0\.113\.1 dev breth0 .* metric 100 mtu 1400/);
  t.regex(dry.stdout, /note: nft rule still names eth0 .*iifname "eth0" drop/);
  t.regex(dry.stdout, /note: eth0 has an address from DHCP and no known client/);
  t.deepEqual(await inventory(host.net, 'eth0'), before);
  t.is(await host.vsctl('list-br'), '');
});

test('what cannot be moved is refused in one line, with the remedy', async (t) => {
  const { lab, host } = await edge();
  t.teardown(() => lab.dispose());
  const refused = async (args: readonly string[], exitCode: number, message: RegExp) => {
    const outcome = await host.run('ovn-k8s-util', args);
    t.is(outcome.exitCode, exitCode, args.join(' '));
    t.regex(outcome.stderr, message);
    t.is(outcome.stderr.trimEnd().split('\n').length, 1, outcome.stderr);
  };
  await host.net.ip(
    'link add br9 type bridge',
    'link add v0 type veth peer name v1',
    'link set v0 master br9',
  );
  await host.vsctl(
    'add-br',
    'other',
    '--',
    'set',
    'Bridge',
    'other',
    'datapath_type=netdev',
    '--',
    'add-port',
    'other',
    'v1',
  );
  await refused(['nics-to-bridge', 'eth9'], 1, /there is no interface eth9/);
  await refused(['nics-to-bridge', 'lo'], 1, /lo: the loopback interface/);
  await refused(['nics-to-bridge', 'v0'], 1, /v0: is enslaved to br9; put br9 on the bridge/);
  await refused(['nics-to-bridge', 'v1'], 1, /v1: is on bridge other already/);
  await refused(['bridge-to-nics', 'breth0'], 1, /there is no bridge breth0/);
  await refused(['nics-to-bridge'], 2, /missing required argument 'interface'/);
  await refused(['nics-to-bridge', '--timeout=x', 'eth0'], 2, /--timeout=x/);
  await refused(['nics-to-bridge', '--timeout=0.3', '--db=unix:/nonexistent', 'eth0'], 1, /does not answer/);
});

test('the NIC that a reboot gave its addresses back is moved again', async (t) => {
  const { lab, host } = await edge();
  t.teardown(() => lab.dispose());
  t.is((await host.run(...moved)).exitCode, 0);
  // The bridge is in the database, as after a reboot; the network scripts have configured the NIC.
  await host.net.ip(
    'addr flush dev breth0',
    'addr add 203.0.113.10/24 broadcast 203.0.113.255 dev eth0',
    'route add default via 203.0.113.1 dev eth0',
  );
  const again = await host.run(...moved);
  t.is(again.exitCode, 0, again.stderr);
  t.regex(await host.net.exec(['ip', 'route']), /default via 203\.0\.113\.1 dev breth0/);
  t.regex(await host.net.exec(['ip', '-4', 'addr', 'show', 'dev', 'breth0']), /203\.0\.113\.10\/24/);
});
