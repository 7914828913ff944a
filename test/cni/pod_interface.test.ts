import test from 'ava';
import { insideBatch, readInside } from '../../src/cni/pod_interface.js';
import { parseCidr } from '../../src/net/cidr.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

const ATTACHMENT = {
  ...{ containerId: 'box1', netns: '/run/netns/box1', ifName: 'eth0' },
  ...{ namespace: 'default', pod: 'web', uid: undefined },
};

test('the interface has its MAC before it is up, and is up before addresses, addresses before routes', (t) => {
  const network = {
    mac: parseMac('0a:58:0a:f4:02:05'),
    addresses: [parseCidr('10.244.2.5/24'), parseCidr('fd00::5/64')],
    gateways: [parseIp('10.244.2.1'), parseIp('fd00::1')],
  };
  t.is(
    insideBatch('eth0', network),
    `link set dev lo up
link set dev eth0 address 0a:58:0a:f4:02:05
link set dev eth0 up
address add 10.244.2.5/24 dev eth0
address add fd00::5/64 dev eth0 nodad
route add default via 10.244.2.1 dev eth0
route add default via fd00::1 dev eth0
`,
  );
});

test('the state is read from the output of ip in the namespace', async (t) => {
  const outputs: readonly (readonly [RegExp, string])[] = [
    [
      /address show dev eth0$/,
      '[{"ifname":"eth0","flags":["BROADCAST","UP"],"address":"0a:58:0a:f4:02:05","addr_info":[{"family":"inet","local":"10.244.2.5","prefixlen":24},{"family":"inet6","local":"fe80::1","prefixlen":64}]}]',
    ],
    [/-4 route show default dev eth0$/, '[{"dst":"default","gateway":"10.244.2.1","flags":[]}]'],
    // A default route without a gateway, and what ip prints when there is none at all.
    [/-6 route show default dev eth0$/, ''],
  ];
  const run = async (program: string, args: readonly string[]) => {
    const command = [program, ...args].join(' ');
    t.true(command.startsWith('nsenter --net=/run/netns/box1 -- ip -j '), command);
    return { stdout: outputs.find(([pattern]) => pattern.test(command))?.[1] ?? '', failure: undefined };
  };
  t.deepEqual(await readInside(run, ATTACHMENT), {
    mac: '0a:58:0a:f4:02:05',
    isUp: true,
    addresses: ['10.244.2.5/24', 'fe80::1/64'],
    gateways: ['10.244.2.1'],
  });
});

test('a namespace that has gone is an error that names it', async (t) => {
  const run = async () => ({ stdout: '', failure: 'nsenter: cannot open /run/netns/box1' });
  await t.throwsAsync(readInside(run, ATTACHMENT), {
    message: 'reading eth0 in /run/netns/box1: nsenter: cannot open /run/netns/box1',
  });
});
