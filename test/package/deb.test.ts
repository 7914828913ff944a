import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { PROJECT } from '../../lab/project.js';
import { toolTest } from '../../lab/tool_test.js';
import { VERSION } from '../../src/daemon/version.js';
import { installCni } from '../../src/overlay/cni_config.js';

const TOOLS = ['dpkg-buildpackage', 'dh', 'lintian'];
/** What the package may take when it is installed, in KiB. */
const MOST_SIZE = 10 * 1024;
/** `scripts/debian` exits with it where no tree can be made. */
const NO_TREE = 69;
const PROGRAMS = {
  '/usr/bin': ['ovn-k8s-util'],
  '/usr/sbin': [
    'ovn-k8s-overlay',
    'ovn-k8s-gateway-helper',
    'ovn-k8s-watcher',
    'ovn-k8s-node',
    'ovn-k8s-cni-overlay',
  ],
} as const;

/** Returns the package of this version, which is built once for all tests. */
function packageOf(t: ExecutionContext<unknown>): Promise<string> {
  built ??= build(t, mkdtempSync(join(tmpdir(), 'package-')), VERSION);
  return built;
}

let built: Promise<string> | undefined;
test.after.always(async () => {
  const deb = await built?.catch(() => undefined);
  if (deb !== undefined) rmSync(dirname(deb), { recursive: true });
});

/** Builds the package and returns its file. lintian has found no error then. */
async function build(t: ExecutionContext<unknown>, into: string, version: string): Promise<string> {
  const { stdout } = await execa('scripts/package', [`--into=${into}`, `--version=${version}`], {
    cwd: PROJECT,
  });
  t.log(stdout.replace(`${into}/`, ''));
  return stdout.split(': ')[0] ?? '';
}

const field = async (deb: string, name: string) => (await execa('dpkg-deb', ['--field', deb, name])).stdout;

/** Makes a folder in the cache, which a tree of scripts/debian shares. */
function sharedFolder(t: ExecutionContext<unknown>): { readonly here: string; readonly there: string } {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ovn-k8s-gateway');
  mkdirSync(cache, { recursive: true });
  const here = mkdtempSync(join(cache, 'package-test-'));
  t.teardown(() => rmSync(here, { recursive: true }));
  return { here, there: here.replace(cache, '/root/.cache/ovn-k8s-gateway') };
}

const digestOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

toolTest(TOOLS, 'the same tree gives the same package', async (t) => {
  t.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.is(digestOf(await build(t, folder, VERSION)), digestOf(await packageOf(t)));
});

toolTest(TOOLS, 'npm run package makes a small package that needs nothing of npm', async (t) => {
  t.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const deb = await packageOf(t);
  t.true(Number(await field(deb, 'Installed-Size')) <= MOST_SIZE);
  const depends = await field(deb, 'Depends');
  for (const one of [
    'nodejs (>= 20.19)',
    'openvswitch-switch',
    'ovn-host',
    'nftables',
    'iproute2',
    'conntrack',
  ])
    t.true(depends.split(', ').includes(one), depends);
  t.notRegex(depends, /npm|libpcap/);

  const root = join(folder, 'root');
  await execa('dpkg-deb', ['--extract', deb, root]);
  for (const [place, names] of Object.entries(PROGRAMS))
    for (const name of names)
      t.is((await execa(join(root, place, name), ['--version'])).stdout, `${name} ${VERSION}`);
  t.deepEqual(
    readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /node_modules|\.map$/.test(file),
    ),
    [],
  );
  for (const name of ['ovn-k8s-gateway-helper', 'ovn-k8s-node', 'ovn-k8s-watcher'])
    t.regex(readFileSync(join(root, 'etc/default', name), 'utf8'), /^OPTIONS=""$/m);
});

toolTest(TOOLS, 'an installation or upgrade restarts the daemons, and does not move a NIC', async (t) => {
  t.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  await execa('dpkg-deb', ['--control', await packageOf(t), folder]);
  const script = (name: string) => readFileSync(join(folder, name), 'utf8');
  const started = [...script('postinst').matchAll(/deb-systemd-invoke \S+ '?(ovn-k8s-[a-z-]+)/g)];
  t.deepEqual(started.map(([, unit]) => unit).sort(), [
    'ovn-k8s-gateway-helper',
    'ovn-k8s-node',
    'ovn-k8s-watcher',
  ]);
  const stopped = [...script('prerm').matchAll(/deb-systemd-invoke stop '?(ovn-k8s-[a-z-]+)/g)];
  t.true(stopped.some(([, unit]) => unit === 'ovn-k8s-node-init'));
  t.false(stopped.some(([, unit]) => unit === 'ovn-k8s-gateway-gate'));
});

/** What an operator does on Debian 13, from the first day to the last. Without a mirror there is nothing to do it with. */
const LIFE = String.raw`
set -euo pipefail
cd "$1"
first=$2 second=$3
export DEBIAN_FRONTEND=noninteractive
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod +x /usr/sbin/policy-rc.d
trap 'apt-get purge -y -qq ovn-k8s-gateway >/dev/null 2>&1 || true; rm -f /usr/sbin/policy-rc.d' EXIT
files() {
  find / -xdev \( -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/log/apt \
    -o -path /srv -o -path /root -o -path /tmp -o -path /.old -o -name 'dpkg.log' \) -prune -o -print | sort
}
# What a run that was killed has left.
apt-get purge -y -qq ovn-k8s-gateway >/dev/null 2>&1 || true
rmdir /opt/cni/bin /opt/cni /etc/cni/net.d /etc/cni 2>/dev/null || true
apt-get update -qq >/dev/null || exit ${NO_TREE}
apt-get install -y -qq --no-install-recommends nodejs openvswitch-switch ovn-host nftables iproute2 iputils-ping ethtool conntrack >/dev/null ||
  exit ${NO_TREE}
# Folders that others make, and that would be new otherwise.
mkdir -p /etc/systemd/system/multi-user.target.wants /var/lib/systemd/deb-systemd-helper-enabled
files >before

apt-get install -y -qq --no-install-recommends "./$first" >/dev/null 2>&1
for name in ovn-k8s-util ovn-k8s-overlay ovn-k8s-gateway-helper ovn-k8s-watcher ovn-k8s-node ovn-k8s-cni-overlay; do
  echo "version: $("$name" --version)"
done
(cd /etc/systemd/system/multi-user.target.wants && echo enabled: ovn-k8s-*)
# The addon is loaded by the release's own Node.js.
ovn-k8s-watcher --overlay --pidfile="$PWD/pid" --unixctl=none --db=unix:/nonexistent --timeout=0.1 2>&1 | sed 's/^/addon: /' || true

sed -i 's/^BRIDGE=""/BRIDGE="breth0"/' /etc/default/ovn-k8s-gateway-helper
mkdir -p /var/log/ovn-k8s-gateway
touch /var/log/ovn-k8s-gateway/ovn-k8s-node.log /etc/sysctl.d/60-ovn-k8s-gateway.conf
mkdir -p /opt/cni/bin /etc/cni/net.d
ln -s /usr/lib/ovn-k8s-gateway/bin/ovn_cni.cjs /opt/cni/bin/ovn_cni
cp 10-net.conf /etc/cni/net.d/
apt-get install -y -qq --no-install-recommends "./$second" >/dev/null 2>&1
echo "upgraded: $(dpkg-query -W -f '$'{Version} ovn-k8s-gateway) $(grep ^BRIDGE /etc/default/ovn-k8s-gateway-helper)"

apt-get remove -y -qq ovn-k8s-gateway 2>&1 | grep '^ovn-k8s-gateway: '
echo "kept: $(ls /etc/default | grep -c ^ovn-k8s-) $(ls /var/log/ovn-k8s-gateway)"
apt-get purge -y -qq ovn-k8s-gateway >/dev/null 2>&1
files >after
diff before after | sed 's/^/left: /' || true
`;

toolTest(
  ['root', ...TOOLS],
  'on Debian 13 the package is installed, upgraded, removed and purged, and nothing is left',
  async (t) => {
    t.timeout(900_000);
    const { here, there } = sharedFolder(t);
    const first = await packageOf(t);
    copyFileSync(first, join(here, basename(first)));
    const debs = [first, await build(t, here, `${VERSION}+second`)];
    const conf = mkdtempSync(join(tmpdir(), 'cni-'));
    t.teardown(() => rmSync(conf, { recursive: true }));
    installCni({ conf, bin: conf }, process.argv[1]);
    copyFileSync(join(conf, '10-net.conf'), join(here, '10-net.conf'));
    writeFileSync(join(here, 'life'), LIFE);

    const names = debs.map((deb) => basename(deb));
    const { exitCode, stdout, stderr } = await execa(
      'scripts/debian',
      ['trixie', 'bash', `${there}/life`, there, ...names],
      { cwd: PROJECT, reject: false },
    );
    if (exitCode === NO_TREE) {
      t.log(`not run: ${stderr}`);
      t.pass();
      return;
    }
    t.is(exitCode, 0, stdout + stderr);
    const said = (what: string) =>
      stdout
        .split('\n')
        .filter((line) => line.startsWith(`${what}: `))
        .map((line) => line.slice(what.length + 2));
    t.deepEqual(
      said('version'),
      Object.values(PROGRAMS)
        .flat()
        .map((name) => `${name} ${VERSION}`),
    );
    t.deepEqual(said('enabled'), [
      'ovn-k8s-gateway-helper.service ovn-k8s-nic-release.service ovn-k8s-node-init.service ovn-k8s-node.service ovn-k8s-unconfirmed.service',
    ]);
    t.regex(
      said('addon').join('\n'),
      /^ovn-k8s-watcher: Open_vSwitch database at unix:\/nonexistent does not answer/m,
    );
    t.deepEqual(said('upgraded'), [`${VERSION}+second BRIDGE="breth0"`]);
    t.regex(said('ovn-k8s-gateway').join(' '), /this host keeps its network/);
    t.deepEqual(said('kept'), ['3 ovn-k8s-node.log']);
    t.deepEqual(said('left'), []);
  },
);
