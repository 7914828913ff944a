import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { arp, nd } from '../../lab/frames.js';
import { labTest } from '../../lab/lab_test.js';
import { until, when } from '../../lab/until.js';
import { IP, MAC, OTHER_MAC, OUTSIDE, ROUTER_MAC, Wire } from '../../lab/wire.js';
import { parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';

let wire: Wire;
test.before(async () => {
  if (process.getuid?.() !== 0) return;
  wire = await Wire.start();
  await wire.host.net.ip(
    `route add default via ${OUTSIDE[4]} dev breth0`,
    `route add default via ${OUTSIDE[6]} dev breth0`,
  );
  await wire.startHelper();
});
test.after.always(() => wire?.dispose());

const BROADCAST = parseMac('ff:ff:ff:ff:ff:ff');
const ALL_NODES = { mac: parseMac('33:33:00:00:00:01'), ip: parseIp('ff02::1') };

/** Sends an announcement of `of` from `mac` on the wire; resolves when the switch has forwarded it. */
async function announced(family: 4 | 6, mac: typeof MAC, of: typeof IP): Promise<void> {
  const ip = of[family];
  await wire.send('phys', (marker) =>
    family === 4
      ? arp({ dst: BROADCAST, src: mac }, 1, mac, ip, ip, marker)
      : nd({ dst: ALL_NODES.mac, src: mac }, { src: ip, dst: ALL_NODES.ip }, 136, ip, marker),
  );
}

async function status() {
  return JSON.parse(await wire.helper('status', '--json'));
}

const logged = async (pattern: RegExp) => {
  const log = await readFile(join(wire.host.rundir, 'ovn-k8s-gateway-helper.log'), 'utf8');
  return log.split('\n').filter((line) => pattern.test(line)).length;
};

for (const family of [4, 6] as const) {
  labTest(
    `IPv${family}: a claim of our address by another host is counted, and logged once with its MAC`,
    async (t) => {
      const text = new RegExp(`${IP[family]} is claimed by ${OTHER_MAC} on eth0`);
      for (let count = 1; count <= 3; count++) {
        await announced(family, OTHER_MAC, IP);
        await until(`claim ${count}`, async () => {
          const { neighbours } = await status();
          const found = neighbours.claims.find((one: { address: string }) => one.address === IP[family]);
          return when(found?.count === count && found.mac === OTHER_MAC);
        });
      }
      await announced(family, MAC, IP);
      t.regex(await wire.helper('status'), text);
      t.true((await status()).problems.some((line: string) => text.test(line)));
      t.is(await logged(text), 1);
      t.regex(await wire.helper('metrics/show'), /^ovn_k8s_gateway_claims_total \d+$/m);
    },
  );

  labTest(`IPv${family}: a new MAC of the default gateway is reported`, async (t) => {
    await announced(family, ROUTER_MAC, OUTSIDE);
    const router = async () =>
      (await status()).neighbours.routers.find((one: { address: string }) => one.address === OUTSIDE[family]);
    await until('the router', async () => when((await router())?.mac === ROUTER_MAC));
    await announced(family, OTHER_MAC, OUTSIDE);
    // The lab's own frames carry the router's first MAC, so the helper may have seen that MAC again.
    await until('a change', async () => when((await router())?.changes > 0));
    const text = new RegExp(
      `default gateway ${OUTSIDE[family]} has been at ${ROUTER_MAC}, then ${OTHER_MAC}`,
    );
    await until('the problem', async () => when(text.test(await wire.helper('status'))));
    t.is(await logged(text), 1);
  });
}

labTest(
  'a NIC that goes down is a problem and the flows stay; claims are seen again once it is up',
  async (t) => {
    const { net } = wire.host;
    await net.ip('link set eth0 down');
    const text = /claims on our addresses are not seen.*eth0 is down or has gone/;
    await until('the problem', async () => when(text.test(await wire.helper('status'))));
    await net.ip('link set eth0 up');
    await until('no problem', async () => when(!text.test(await wire.helper('status'))));
    t.true((await status()).neighbours.isHeard);
    const before = (await status()).neighbours.claimsHeard;
    await announced(4, OTHER_MAC, IP);
    await until('a claim', async () => when((await status()).neighbours.claimsHeard > before));
  },
);
