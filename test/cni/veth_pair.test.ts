import test from 'ava';
import { createPair, deletePair, hostEnd, readMac } from '../../src/cni/veth_pair.js';
import { FakeKernel, HOST_MAC } from './fake_kernel.js';

const ATTACHMENT = {
  ...{ containerId: 'box1', netns: '/run/netns/box1', ifName: 'eth0' },
  ...{ namespace: 'default', pod: 'web' },
};
const MAC = '0a:58:0a:f4:02:05';

test('the host end has a name of 15 characters that depends on container and interface alone', (t) => {
  const name = hostEnd(ATTACHMENT);
  t.regex(name, /^veth[0-9a-f]{11}$/);
  t.is(hostEnd({ containerId: 'box1', ifName: 'eth0' }), name);
  t.not(hostEnd({ containerId: 'box2', ifName: 'eth0' }), name);
  t.not(hostEnd({ containerId: 'box1', ifName: 'eth1' }), name);
  // A space cannot be in either part, so two attachments never give one text.
  t.not(hostEnd({ containerId: 'box1e', ifName: 'th0' }), hostEnd({ containerId: 'box1', ifName: 'eth0' }));
});

test('a pair that an earlier ADD left is deleted before the new one is made', async (t) => {
  const { run, changes, pairs } = new FakeKernel();
  await createPair(run, { ...ATTACHMENT, netns: '/run/netns/old' }, 'veth1', MAC, 1400);
  await createPair(run, ATTACHMENT, 'veth1', MAC, 1400);
  t.is(pairs.get('veth1')?.netns, '/run/netns/box1');
  t.deepEqual(
    changes.map((command) => command.slice(0, 17)),
    ['ip link add veth1', 'ip link add veth1', 'ip link del veth1', 'ip link add veth1'],
  );
});

test("an interface of the pod that is not the plugin's own is left alone", async (t) => {
  const { run, pairs } = new FakeKernel();
  await createPair(run, ATTACHMENT, 'other', MAC, 1400);
  await t.throwsAsync(createPair(run, ATTACHMENT, 'veth1', MAC, 1400), {
    message: 'making eth0 in /run/netns/box1: RTNETLINK answers: File exists',
  });
  t.deepEqual([...pairs.keys()], ['other']);
});

test('a pair that has gone is deleted already, and any other failure is an error', async (t) => {
  const kernel = new FakeKernel();
  await t.notThrowsAsync(deletePair(kernel.run, 'veth1'));
  kernel.fault = { command: /link del/, stderr: 'RTNETLINK answers: Operation not permitted' };
  await t.throwsAsync(deletePair(kernel.run, 'veth1'), {
    message: 'ip link del veth1: RTNETLINK answers: Operation not permitted',
  });
});

test('readMac returns the MAC of the host end', async (t) => {
  const { run } = new FakeKernel();
  await createPair(run, ATTACHMENT, 'veth1', MAC, 1400);
  t.is(await readMac(run, 'veth1'), HOST_MAC);
  await t.throwsAsync(readMac(run, 'veth2'), { message: 'reading veth2: Device "veth2" does not exist.' });
});
