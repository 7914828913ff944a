import type { ExecutionContext } from 'ava';
import { startDhcpServer } from '../../lab/dhcp.js';
import { Reachable } from '../../lab/machine/reachable.js';
import { when } from '../../lab/until.js';
import type { Persisted } from './persistence.js';

/** How often the client must renew its lease before the server changes the address. */
const RENEWALS = 3;
/** Milliseconds until then, and until the client has another address. */
const RENEWED_MS = 150_000;
const OTHER = '203.0.113.99';

/** Checks that the client on the bridge renews its lease, and that it takes another address from the server. */
export async function followsServer(t: ExecutionContext, persisted: Persisted): Promise<void> {
  const { machine, dhcp, outside, pings } = persisted;
  const leased = await machine.address4('breth0');
  const acks = () => [...dhcp.server.output.matchAll(new RegExp(`DHCPACK.* ${machine.mac}`, 'g'))].length;
  const before = acks();
  const began = Date.now();
  await machine.waitFor('renewals', () => when(acks() >= before + RENEWALS), RENEWED_MS);
  t.is(await machine.address4('breth0'), leased);
  t.is(await machine.address4('eth0'), undefined);
  for (const ping of pings) t.true(ping.longestGap(began).ms <= 1_000);
  t.log(`${RENEWALS} renewals in ${Math.round((Date.now() - began) / 1000)} s`);
  await dhcp.server.stop();
  dhcp.server = await startDhcpServer(
    outside,
    dhcp.leases,
    ...['--dhcp-option=option:T1,20', `--dhcp-host=${machine.mac},${OTHER}`],
  );
  await machine.waitFor(
    'another address',
    async () => when((await machine.address4('breth0')) === OTHER),
    RENEWED_MS,
  );
  for (const ping of pings.splice(0)) await ping.close();
  pings.push(Reachable.start(outside, OTHER));
  t.is(await machine.address4('eth0'), undefined);
}
