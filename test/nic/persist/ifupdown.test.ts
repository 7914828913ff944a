import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Ifupdown, readInterfaces } from '../../../src/nic/persist/ifupdown.js';

const MOVE = { nic: 'eth0', bridge: 'breth0', mac: '0a:58:cb:00:71:14' };

test('ifupdown configures a NIC that it brought up from a stanza', async (t) => {
  const { ifupdown } = begin(t, {
    'etc/network/interfaces': 'source /etc/network/interfaces.d/*\n',
    'etc/network/interfaces.d/nics': 'iface eth0 inet dhcp\niface eth1 inet dhcp\n',
    'run/network/ifstate': 'lo=lo\neth0=eth0\n',
  });
  t.is(await ifupdown.find('eth0'), 'its stanzas are in /etc/network/interfaces.d/nics');
  t.is(await ifupdown.find('eth1'), undefined);
  t.is(await ifupdown.find('lo'), undefined);
});

test('files are read in the order of ifup, each once', (t) => {
  const { around } = begin(t, {
    'etc/network/interfaces':
      'source-directory interfaces.d\nsource /etc/network/*/if.*.conf missing\nsource self\n',
    'etc/network/self': 'source /etc/network/interfaces\n',
    'etc/network/interfaces.d/b': 'source-directory /etc/network/more\n',
    'etc/network/interfaces.d/a': 'auto lo\n',
    'etc/network/interfaces.d/c.dpkg-old': 'auto eth9\n',
    'etc/network/interfaces.d/if.x.conf': 'auto lo\n',
    'etc/network/interfaces.d/.if.y.conf': 'auto lo\n',
    'etc/network/more/z': 'auto lo\n',
  });
  t.deepEqual(
    readInterfaces(around).map(({ path }) => path.replace('/etc/network/', '')),
    ['interfaces', 'interfaces.d/a', 'interfaces.d/b', 'more/z', 'interfaces.d/if.x.conf', 'self'],
  );
});

test('a source that only a shell can expand is refused', (t) => {
  const { around } = begin(t, { 'etc/network/interfaces': 'source $HOME/interfaces\n' });
  t.throws(() => readInterfaces(around), {
    code: 'ERR_PERSIST',
    message: '/etc/network/interfaces: write "source $HOME/interfaces" without characters of a shell',
  });
});

test('a change names its file, and the lines that still name the NIC', async (t) => {
  const text = 'auto eth0\niface eth0 inet dhcp\n  up /usr/local/bin/notify eth0\n';
  const { ifupdown, around } = begin(t, { 'etc/network/interfaces': text });
  const [change, ...others] = await ifupdown.plan(MOVE);
  t.deepEqual(others, []);
  t.is(change?.path, join(around.root, 'etc/network/interfaces'));
  t.is(change?.before, text);
  t.is(
    change?.why,
    'gives breth0 the stanzas of eth0; still for eth0: line 3 "up /usr/local/bin/notify eth0"',
  );
});

test('ifup learns that the bridge is up, and ifdown that it is not, without touching addresses', async (t) => {
  const { ifupdown, commands } = begin(t, {});
  await ifupdown.takeUp(MOVE, 'breth0');
  await ifupdown.takeUp(MOVE, 'eth0');
  t.deepEqual(
    commands.map((command) => command.map((word) => word.replace(/=.*/, ''))),
    [
      ['ifup', '--no-scripts', '--interfaces', 'breth0'],
      ['ifdown', '--force', '--no-scripts', '--interfaces', 'breth0'],
    ],
  );
});

test('a NIC that gets its addresses back receives advertisements as its bridge did', async (t) => {
  const { ifupdown, commands } = begin(t, { 'proc/sys/net/ipv6/conf/breth0/accept_ra': '2\n' });
  await ifupdown.takeUp(MOVE, 'breth0');
  t.is(commands.splice(0).length, 1);
  await ifupdown.takeUp(MOVE, 'eth0');
  t.is(commands[0]?.join(' '), 'sysctl --quiet --write net/ipv6/conf/eth0/accept_ra=2');
});

function begin(t: ExecutionContext, files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'ifupdown-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const commands: (readonly string[])[] = [];
  const around = {
    root,
    run: async (...argv: readonly string[]) => {
      commands.push(argv);
      return '';
    },
    ifindexOf: async () => 2,
  };
  return { around, commands, ifupdown: new Ifupdown(around) };
}
