import { changes, inventory, startLadenEdge } from '../../lab/edge.js';
import { labTest } from '../../lab/lab_test.js';

const moved = ['ovn-k8s-util', ['nics-to-bridge', 'eth0']] as const;
const back = ['ovn-k8s-util', ['bridge-to-nics', 'breth0']] as const;

labTest('everything that a NIC has moves to the bridge, and comes back the same', async (t) => {
  const { lab, host } = await startLadenEdge();
  t.teardown(() => lab.dispose());
  const before = await inventory(host.net, 'eth0');

  const there = await host.run(...moved);
  t.is(there.exitCode, 0, there.stderr);
  t.deepEqual(changes(before, await inventory(host.net, 'breth0')), []);
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
  t.deepEqual(changes(before, await inventory(host.net, 'breth0')), []);

  const home = await host.run(...back);
  t.is(home.exitCode, 0, home.stderr);
  t.deepEqual(changes(before, await inventory(host.net, 'eth0')), []);
  t.is(await host.vsctl('list-br'), '');
  t.is((await host.net.exec(['nft', 'list', 'ruleset'])).trim(), '');
});

labTest('without ovs-vswitchd the first step fails, and everything is as it was', async (t) => {
  const { lab, host } = await startLadenEdge();
  t.teardown(() => lab.dispose());
  const before = await inventory(host.net, 'eth0');
  await host.killSwitch();
  const failed = await host.run('ovn-k8s-util', ['nics-to-bridge', '--timeout=1', 'eth0']);
  t.is(failed.exitCode, 1);
  t.regex(
    failed.stderr,
    /^ovn-k8s-util: step 1, check that ovs-vswitchd answers, failed: .*ovs-vswitchd does not run: \S+ovs-vswitchd\.pid names pid \d+, which does not run.*; everything is as it was\n?$/,
  );
  t.deepEqual(changes(before, await inventory(host.net, 'eth0')), []);
  t.is(await host.vsctl('--no-wait', 'list-br'), '');
  await host.startSwitch();
  t.is((await host.run(...moved)).exitCode, 0);
  t.deepEqual(changes(before, await inventory(host.net, 'breth0')), []);
});

labTest('a batch that fails midway is undone with all steps before it', async (t) => {
  const { lab, host } = await startLadenEdge();
  t.teardown(() => lab.dispose());
  const before = await inventory(host.net, 'eth0');
  // The bridge has a rule of the same priority, table and selector already, so the batch fails midway.
  await host.net.exec(['ip', 'rule', 'add', 'iif', 'breth0', 'table', '77', 'priority', '1000']);
  const failed = await host.run(...moved);
  t.is(failed.exitCode, 1);
  t.regex(
    failed.stderr,
    /step 7, give breth0 the addresses, .* failed: ip -batch .*File exists.*everything is as it was/,
  );
  t.deepEqual(changes(before, await inventory(host.net, 'eth0')), []);
  t.is(await host.vsctl('list-br'), '');
  t.is((await host.net.exec(['nft', 'list', 'ruleset'])).trim(), '');
});

labTest('a dry run prints the plan and what does not move, and changes nothing', async (t) => {
  const { lab, host } = await startLadenEdge();
  t.teardown(() => lab.dispose());
  await host.net.exec(['nft', '-f', '-'], {
    input: 'table inet fw { chain in { type filter hook input priority 0; iifname "eth0" drop; }; }\n',
  });
  const before = await inventory(host.net, 'eth0');
  const dry = await host.run('ovn-k8s-util', ['nics-to-bridge', '--dry-run', 'eth0']);
  t.is(dry.exitCode, 0, dry.stderr);
  t.regex(
    dry.stdout,
    /2\. ask 203\.0\.113\.1, 2001:db8::1 for an answer on eth0\n3\. write the journal of eth0\n4\. make bridge breth0/,
  );
  t.regex(dry.stdout, /route add default via 203\.0\.113\.1 dev breth0 .* metric 100 mtu 1400/);
  t.regex(dry.stdout, /note: nft rule still names eth0 .*iifname "eth0" drop/);
  t.regex(dry.stdout, /note: eth0 has an address from DHCP and no known client/);
  t.deepEqual(changes(before, await inventory(host.net, 'eth0')), []);
  t.is(await host.vsctl('list-br'), '');
});

labTest('a NIC that cannot be moved is refused in one line, with the remedy', async (t) => {
  const { lab, host } = await startLadenEdge();
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

labTest('a NIC that has its addresses back after a reboot is moved again', async (t) => {
  const { lab, host } = await startLadenEdge();
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
