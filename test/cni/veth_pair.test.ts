import test from 'ava';
import { createPair, deletePair, hostEnd, hostMac, readMac } from '../../src/cni/veth_pair.js';
import { FakeKernel } from './fake_kernel.js';

const ATTACHMENT = {
  ...{ containerId: 'box1', netns: '/run/netns/box1', ifName: 'eth0' },
};
const HOST = hostEnd(ATTACHMENT);
const OTHER = { ...ATTACHMENT, containerId: 'box2' };

test('the host end has a name of 15 characters that depends on container and interface alone', (t) => {
  const name = hostEnd(ATTACHMENT);
  t.regex(name, /^veth[0-9a-f]{11}$/);
  t.is(hostEnd({ containerId: 'box1', ifName: 'eth0' }), name);
  t.not(hostEnd({ containerId: 'box2', ifName: 'eth0' }), name);
  t.not(hostEnd({ containerId: 'box1', ifName: 'eth1' }), name);
  // A space cannot be in either part, so two attachments never give one text.
  t.not(hostEnd({ containerId: 'box1e', ifName: 'th0' }), hostEnd({ containerId: 'box1', ifName: 'eth0' }));
});

test('the host end has a locally administered MAC that depends on container and interface alone', (t) => {
  t.regex(hostMac(ATTACHMENT), /^0e(:[0-9a-f]{2}){5}$/);
  t.is(hostMac(ATTACHMENT), hostMac({ containerId: 'box1', ifName: 'eth0' }));
  t.not(hostMac(ATTACHMENT), hostMac(OTHER));
});

test('a pair that an earlier ADD left is deleted before the new one is made', async (t) => {
  const { run, changes, pairs } = new FakeKernel();
  await createPair(run, { ...ATTACHMENT, netns: '/run/netns/old' }, 1400);
  await createPair(run, ATTACHMENT, 1400);
  t.is(pairs.get(HOST)?.netns, '/run/netns/box1');
  t.deepEqual(
    changes.map((command) => command.slice(0, 11)),
    ['ip link add', 'ip link add', 'ip link del', 'ip link add'],
  );
});

test("an interface of the pod that is not the plugin's own is left alone", async (t) => {
  const { run, pairs } = new FakeKernel();
  await createPair(run, OTHER, 1400);
  await t.throwsAsync(createPair(run, ATTACHMENT, 1400), {
    message: 'making eth0 in /run/netns/box1: RTNETLINK answers: File exists',
  });
  t.deepEqual([...pairs.keys()], [hostEnd(OTHER)]);
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
  await createPair(run, ATTACHMENT, 1400);
  t.is(await readMac(run, HOST), hostMac(ATTACHMENT));
  await t.throwsAsync(readMac(run, 'veth2'), { message: 'reading veth2: Device "veth2" does not exist.' });
});
