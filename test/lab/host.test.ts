import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import test from 'ava';
import { type Host, startHost } from '../../lab/host.js';
import { Lab } from '../../lab/lab.js';
import { labTest } from '../../lab/lab_test.js';
import { signal } from '../../lab/namespace.js';
import { PROJECT } from '../../lab/project.js';

const labs: Lab[] = [];
test.after.always(() => labs.map((lab) => lab.dispose()));

async function aHost(): Promise<{ lab: Lab; host: Host }> {
  const lab = Lab.open();
  labs.push(lab);
  return { lab, host: await startHost(lab, 'node') };
}

const namespaces = () => readdirSync('/run/netns');

labTest('a lab leaves nothing behind: no namespace, no process, no file', async (t) => {
  const { lab, host } = await aHost();
  const server = host.net.spawn(['ping', '-i', '0.2', '::1']);
  await server.says(/seq=1/);
  const { pid } = server;
  lab.dispose();
  await server.exited;
  t.false(signal(pid, 0));
  t.false(namespaces().includes(host.net.name));
  t.false(existsSync(lab.dir) || existsSync(`/etc/netns/${host.net.name}`));
});

labTest('a new lab removes what a killed test run left', async (t) => {
  const script = `import { Lab } from './lab/lab.js';
    const lab = Lab.open();
    await lab.namespace('left');
    console.log(lab.name);
    process.kill(process.pid, 'SIGKILL');`;
  const killed = spawnSync(process.execPath, ['--import=tsx', '--input-type=module', '-e', script], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
  const name = killed.stdout.trim();
  t.true(namespaces().includes(`${name}-left`), killed.stderr);
  Lab.open().dispose();
  t.false(namespaces().includes(`${name}-left`));
});

labTest('an aborted switch restarts by itself and is counted; a killed switch stays away', async (t) => {
  const { host } = await aHost();
  await host.vsctl('add-br', 'br', '--', 'set', 'Bridge', 'br', 'datapath_type=netdev');
  await host.killSwitch('SIGABRT');
  await host.vsctl('add-br', 'br2', '--', 'set', 'Bridge', 'br2', 'datapath_type=netdev');
  t.is(await host.switchCrashes(), 1);
  await host.killSwitch();
  await t.throwsAsync(host.appctl('version'));
  await host.startSwitch();
  t.regex(await host.ofctl('dump-flows', 'br'), /actions=NORMAL/);
});

labTest('a file that a host writes to /etc/sysctl.d stays in its namespace', async (t) => {
  const { host } = await aHost();
  await host.exec(['tee', '/etc/sysctl.d/lab.conf'], { input: 'net.ipv4.ip_forward = 1\n' });
  t.false(existsSync('/etc/sysctl.d/lab.conf'));
  await host.exec(['sysctl', '-q', '-p', '/etc/sysctl.d/lab.conf']);
  t.is(await host.exec(['sysctl', '-n', 'net.ipv4.ip_forward']), '1');
});
