import test from 'ava';
import type { Route } from '../../src/host/snapshot.js';
import { equalRoute } from '../../src/nic/equal_routes.js';

const route: Route = { family: 4, dst: '10.9.0.0/24', gateway: '10.1.0.1', dev: 'eth0', table: '254' };

test('finds two routes of a NIC that differ only in the gateway', (t) => {
  const other = { ...route, gateway: '10.1.0.3' };
  t.is(equalRoute([route, other], [route, other]), '10.9.0.0/24');
});

test('finds a route that is there through another device too', (t) => {
  t.is(equalRoute([route], [{ ...route, dev: 'eth1' }, route]), '10.9.0.0/24');
});

test('passes routes that differ in table, TOS or metric', (t) => {
  const others = [{ table: '100' }, { tos: '0x10' }, { metric: 100 }].map((part) => ({ ...route, ...part }));
  t.is(equalRoute([route, ...others], [route, ...others]), undefined);
});

test('passes IPv6 routes, which the kernel joins or keeps by device', (t) => {
  const six: Route = { ...route, family: 6, dst: 'fd00::/64', gateway: 'fd01::1' };
  t.is(equalRoute([six, { ...six, dev: 'eth1' }], []), undefined);
});
