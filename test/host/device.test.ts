import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { Lab } from '../../lab/lab.js';
import { labTest } from '../../lab/lab_test.js';
import { PROJECT } from '../../lab/project.js';
import { awaitDevice, awaitNoDevice } from '../../src/host/device.js';

test('a device that is there, or one that is not, is not waited for', async (t) => {
  await t.notThrowsAsync(awaitDevice('lo', 0));
  await t.notThrowsAsync(awaitNoDevice('none9', 0));
});

test('a device that does not come or go in time is an error that names it', async (t) => {
  await t.throwsAsync(awaitDevice('none9', 20), {
    code: 'ERR_NO_DEVICE',
    message: 'device none9 did not appear within 20 ms',
  });
  await t.throwsAsync(awaitNoDevice('lo', 20), {
    code: 'ERR_NO_DEVICE',
    message: 'device lo did not go within 20 ms',
  });
});

test('many waits in one process leave no listeners behind', async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));
  for (let wait = 0; wait < 12; wait++) await t.throwsAsync(awaitDevice('none9', 1));
  t.deepEqual(warnings, []);
});

labTest("the devices are those of the process's own namespace, whatever sysfs shows", async (t) => {
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const inside = await lab.namespace('inside');
  const name = `own${process.pid % 100_000}`;
  await inside.ip(`link add ${name} type veth peer name peer`);
  const script = `import { hasDevice, awaitDevice } from '${join(PROJECT, 'src/host/device.ts')}';
    await awaitDevice('${name}', 0);
    console.log(hasDevice('${name}'), hasDevice('none9'));`;
  const node = [process.execPath, '--import=tsx', '--input-type=module', '-e', script];
  // Unlike `ip netns exec`, nsenter(1) leaves /sys as it is: that of this namespace, which has no such device.
  const { stdout } = await execa('nsenter', [`--net=/run/netns/${inside.name}`, ...node], { cwd: PROJECT });
  t.is(stdout, 'true false');
});

labTest('a device is waited for until it comes, and until it goes', async (t) => {
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const inside = await lab.namespace('inside');
  const script = `import { awaitDevice, awaitNoDevice } from '${join(PROJECT, 'src/host/device.ts')}';
    console.log('ready');
    await awaitDevice('late0', 10_000);
    console.log('came');
    await awaitNoDevice('late0', 10_000);
    console.log('went');`;
  const waiting = inside.spawn([
    ...[process.execPath, `--import=${join(PROJECT, 'node_modules/tsx/dist/esm/index.mjs')}`],
    ...['--input-type=module', '-e', script],
  ]);
  await waiting.says(/ready/);
  await inside.ip('link add late0 type veth peer name late1');
  await waiting.says(/came/);
  await inside.ip('link del late0');
  t.is(await waiting.says(/went/), 'went');
});

labTest('a device whose sysctls come after its last event is found', async (t) => {
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const inside = await lab.namespace('inside');
  await inside.ip('link add late0 type veth peer name late1');
  const sysctls = '/proc/sys/net/ipv4/conf';
  const script = `import { execFileSync } from 'node:child_process';
    import { awaitDevice } from '${join(PROJECT, 'src/host/device.ts')}';
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', '${sysctls}']);
    const waiting = awaitDevice('late0', 60_000);
    execFileSync('umount', ['${sysctls}']);
    console.log('ready');
    await waiting;
    console.log('found');`;
  const waiting = inside.spawn([
    ...['unshare', '--mount', '--propagation=private'],
    ...[process.execPath, `--import=${join(PROJECT, 'node_modules/tsx/dist/esm/index.mjs')}`],
    ...['--input-type=module', '-e', script],
  ]);
  await waiting.says(/ready/);
  t.is(await waiting.says(/found/), 'found');
});
