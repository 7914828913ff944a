import type { ExecutionContext } from 'ava';
import { AdvertisingRouter } from '../../lab/advertising_router.js';
import { EDGE, type Edge, MAC, ROUTER, startEdge } from '../../lab/edge.js';
import type { Advertisement } from '../../lab/frames.js';
import { labTest } from '../../lab/lab_test.js';
import { until, when } from '../../lab/until.js';
import { parseIp } from '../../src/net/ip.js';

/** The first prefix is autonomous, the other on-link only. */
const [OWN, ON_LINK] = ['2001:db8:1::', '2001:db8:2::'] as const;
const ADDRESS = '2001:db8:1:0:858:cbff:fe00:710a';
const MOVES = [
  { args: ['nics-to-bridge', 'eth0'], device: 'breth0', other: 'eth0' },
  { args: ['bridge-to-nics', 'breth0'], device: 'eth0', other: 'breth0' },
] as const;

labTest('what routers advertise moves, is renewed by each advertisement, and ends with it', async (t) => {
  const { edge, router } = await begin(t);
  // A host does not shorten the life of an address (RFC 4862 section 5.5.3), so each advertisement is for longer.
  let lifetime = 24;
  router.advertise(advertisement(lifetime));
  await until('the host to accept it', async () => when((await lifetimes(edge, 'eth0')).length === 4));
  for (const { args, device, other } of MOVES) {
    const asked = router.solicitations(MAC);
    const { exitCode, stderr } = await edge.host.run('ovn-k8s-util', args);
    t.is(exitCode, 0, stderr);
    const moved = await lifetimes(edge, device);
    t.deepEqual(names(moved), ['default', `${OWN}/64`, `${ON_LINK}/64`, ADDRESS]);
    t.true(
      moved.every(([, seconds]) => seconds > 0 && seconds <= lifetime),
      moved.join(),
    );
    if (other === 'eth0') t.deepEqual(await lifetimes(edge, other), []);
    await until('the router to be asked', () => when(router.solicitations(MAC) > asked));

    const longer = lifetime + 1_000;
    router.advertise(advertisement(longer));
    await until('all to be renewed', async () =>
      when((await lifetimes(edge, device)).every(([, seconds]) => seconds > lifetime)),
    );
    lifetime = longer;
    t.deepEqual(names(await lifetimes(edge, device)), names(moved));
    router.advertise({ ...advertisement(lifetime), lifetime: 0 });
    await until('the router to go', async () =>
      when(!names(await lifetimes(edge, device)).includes('default')),
    );
    router.advertise(advertisement(lifetime));
    await until('the router to be back', async () => when((await lifetimes(edge, device)).length === 4));
  }
});

labTest('no move fails while a router advertises each 5 ms', async (t) => {
  const { edge, router } = await begin(t);
  const end = router.advertiseEach(5, advertisement(24));
  t.teardown(end);
  await until('the host to accept it', async () => when((await lifetimes(edge, 'eth0')).length === 4));
  for (let trip = 1; trip <= 9; trip++)
    for (const { args, device, other } of MOVES) {
      const { exitCode, stderr } = await edge.host.run('ovn-k8s-util', args);
      t.is(exitCode, 0, `trip ${trip}: ${stderr}`);
      await until(`everything on ${device}`, async () => when((await lifetimes(edge, device)).length === 4));
      if (other === 'eth0') t.deepEqual(await lifetimes(edge, other), [], `trip ${trip}`);
    }
});

for (const { acceptRa, forwarding, accepts } of [
  { acceptRa: 0, forwarding: 0, accepts: false },
  { acceptRa: 1, forwarding: 1, accepts: false },
  { acceptRa: 2, forwarding: 1, accepts: true },
])
  labTest(
    `with accept_ra ${acceptRa} and forwarding ${forwarding} the bridge ${accepts ? 'accepts' : 'ignores'} advertisements, as the NIC did`,
    async (t) => {
      const { edge, router } = await begin(t);
      const { net } = edge.host;
      await net.sysctl({
        'net.ipv6.conf.eth0.forwarding': forwarding,
        'net.ipv6.conf.eth0.accept_ra': acceptRa,
      });
      const [there] = MOVES;
      const { exitCode, stderr } = await edge.host.run('ovn-k8s-util', there.args);
      t.is(exitCode, 0, stderr);
      const value = await net.exec(['sysctl', '-n', 'net.ipv6.conf.breth0.accept_ra']);
      t.is(value.trim(), String(acceptRa));
      router.advertise(advertisement(24));
      // The host reads the advertisement before the request.
      await edge.router.exec(['ping', '-6', '-c1', '-W5', EDGE.v6]);
      if (accepts)
        await until('it is accepted', async () => when((await lifetimes(edge, 'breth0')).length === 4));
      else t.deepEqual(await lifetimes(edge, 'breth0'), []);
    },
  );

/** A host that has no default route of IPv6 of its own. */
async function begin(t: ExecutionContext): Promise<{ edge: Edge; router: AdvertisingRouter }> {
  const edge = await startEdge();
  t.teardown(() => edge.lab.dispose());
  await edge.host.net.ip(`route del default via ${ROUTER.v6} dev eth0`);
  return { edge, router: await AdvertisingRouter.start(edge.router, 'lan') };
}

function advertisement(lifetime: number): Advertisement {
  return {
    lifetime,
    prefixes: [
      { prefix: parseIp(OWN), lifetime, autonomous: true },
      { prefix: parseIp(ON_LINK), lifetime, autonomous: false },
    ],
  };
}

/** Returns the routes and the address that the router has advertised, with the seconds that they last; nothing of a device that is not there. */
async function lifetimes({ host }: Edge, device: string): Promise<[string, number][]> {
  const dump = async (...args: string[]): Promise<Record<string, unknown>[]> => {
    const { stdout } = await host.net.attempt(['ip', '-json', '-6', ...args, 'dev', device]);
    return JSON.parse(stdout || '[]');
  };
  const [routes, links] = await Promise.all([dump('route', 'show'), dump('address', 'show')]);
  const addresses = links.flatMap(({ addr_info = [] }) => addr_info as Record<string, unknown>[]);
  return [
    ...routes.map(({ dst, expires = 0 }): [string, number] => [String(dst), Number(expires)]),
    ...addresses.map(({ local, valid_life_time }): [string, number] => [
      String(local),
      Number(valid_life_time),
    ]),
  ]
    .filter(([name]) => ['default', `${OWN}/64`, `${ON_LINK}/64`, ADDRESS].includes(name))
    .sort(([a], [b]) => order(a) - order(b));
}

function order(name: string): number {
  return ['default', `${OWN}/64`, `${ON_LINK}/64`, ADDRESS].indexOf(name);
}

function names(lifetimes: readonly (readonly [string, number])[]): string[] {
  return lifetimes.map(([name]) => name);
}
