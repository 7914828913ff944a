import test from 'ava';
import { parseIpJson, type Shape } from '../../src/host/ip_json.js';
import { readRouters } from '../../src/host/routers.js';
import { ProductError } from '../../src/net/errors.js';

const DEFAULT_ROUTES: Readonly<Record<string, string>> = {
  '-4': JSON.stringify([
    { dst: 'default', gateway: '203.0.113.1', dev: 'breth0' },
    { dst: 'default', gateway: '198.51.100.1', dev: 'eth1' },
    {
      dst: 'default',
      nexthops: [
        { gateway: '203.0.113.2', dev: 'breth0' },
        { gateway: '203.0.113.1', dev: 'breth0' },
      ],
    },
    { dst: 'default', via: { family: 'inet6', host: 'fe80::1' }, dev: 'breth0' },
  ]),
  '-6': JSON.stringify([
    { dst: 'default', gateway: 'fe80::1', dev: 'breth0' },
    { dst: 'default', dev: 'breth0' },
  ]),
};

async function readShown<T>(shape: Shape, family = ''): Promise<T[]> {
  return parseIpJson<T>(DEFAULT_ROUTES[family] ?? '', shape);
}

test('the routers of a device come from its default routes, each once', async (t) => {
  const routers = await readRouters('breth0', readShown);
  t.deepEqual(routers.map(String), ['203.0.113.1', '203.0.113.2', 'fe80::1']);
  t.true((await readRouters(undefined, readShown)).map(String).includes('198.51.100.1'));
});

test('routes of one family that cannot be read are an error, not a host without routers', async (t) => {
  const failure = new ProductError('ERR_IP', 'ip -6 route show default: Cannot open netlink socket');
  const read: typeof readShown = async (shape, family) => {
    if (family === '-6') throw failure;
    return readShown(shape, family);
  };
  t.is(await t.throwsAsync(readRouters('breth0', read)), failure);
});
