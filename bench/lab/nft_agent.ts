// Keeps the node's nft table with many services in the namespace where it runs, and changes one service after the other.
//   nft_agent.js SERVICES CHANGES   prints { firstMs, inForce: [ms…], ended: [ms…] }
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { until } from '../../lab/until.js';
import { SILENT } from '../../src/daemon/log.js';
import { TableKeeper } from '../../src/node/table_keeper.js';
import { GOLDEN_RULES as rules } from '../../test/node/golden.js';

const [, , services, changes] = process.argv.map(Number);
const FIRST_PORT = 10_000;

const nodePorts = new Map<string, string>();
const externals = new Map<string, string>();
const sets = new Map([
  ['node_port4', nodePorts],
  ['external4', externals],
]);
for (let number = 0; number < (services ?? 0); number += 1) put(number, 1);
const keeper = new TableKeeper(SILENT);
const began = performance.now();
await keeper.keep({ rules, sets, changes: undefined });
const firstMs = performance.now() - began;

const monitor = spawn('nft', ['monitor', 'elements'], { stdio: ['ignore', 'pipe', 'inherit'] });
const arrivals = new Map<string, number>();
createInterface({ input: monitor.stdout }).on('line', (line) => {
  const [, port = ''] = /^add element inet \S+ node_port4_address \{ tcp \. (\d+) : /.exec(line) ?? [];
  arrivals.set(port, performance.now());
});
// Changes a service until the monitor reports it.
for (let network = 3; arrivals.size === 0; network = 7 - network)
  await keeper.keep({ rules, sets, changes: put((services ?? 1) - 1, network) });

const inForce: number[] = [];
const ended: number[] = [];
for (let i = 0; i < (changes ?? 0); i += 1) {
  const number = i * 97;
  const port = String(FIRST_PORT + number);
  arrivals.delete(port);
  const elements = put(number, 2);
  const start = performance.now();
  await keeper.keep({ rules, sets, changes: elements });
  ended.push(performance.now() - start);
  const at = await until(`element ${port}`, () => arrivals.get(port));
  inForce.push(at - start);
}
monitor.kill();
process.stdout.write(JSON.stringify({ firstMs, inForce, ended }));

/** Gives a service a node port and an external address; returns these elements. */
function put(number: number, network: number) {
  const key = `${number >> 8}.${number & 255}`;
  const port = `tcp ${FIRST_PORT + number}`;
  const external = `198.18.${key} tcp 80`;
  nodePorts.set(port, `10.9${network}.${key} 80`);
  externals.set(external, `10.9${network}.${key} 80`);
  return [
    { set: 'node_port4', key: port },
    { set: 'external4', key: external },
  ];
}
