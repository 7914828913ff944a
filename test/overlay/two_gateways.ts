import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { reconcile } from '../ovn/northbound.js';
import { gatewaySpec, nodeRows, routeRows, rowsOfGateway } from './cluster.js';
import { bothDatabases, type TestDatabases } from './databases.js';

/** Makes an empty directory for one test. */
export function directory(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'overlay-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Makes the rows of nodes `m`, `a` and `b`; `a` and `b` are gateways, `a` is the first. */
export async function twoGateways(t: ExecutionContext): Promise<TestDatabases> {
  const databases = await bothDatabases(t);
  const { nb } = databases;
  for (const [node, n] of [
    ['m', 1],
    ['a', 2],
    ['b', 3],
  ] as const)
    await reconcile(nb, nodeRows(node, n));
  await reconcile(nb, rowsOfGateway(gatewaySpec('a', 2, { isFirst: true })));
  await reconcile(nb, rowsOfGateway(gatewaySpec('b', 3)));
  await reconcile(nb, routeRows(nb));
  return databases;
}
