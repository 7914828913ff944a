// A hostile peer in a process of its own, so that it does not delay the measurement.
//   agent.ts ovsdb|openflow KIND PATH REAL     a server on the socket PATH in front of the socket REAL
//   agent.ts unixctl KIND SOCKET…              clients of control sockets
//   agent.ts api KIND                          an API server on loopback; prints its URL
//   agent.ts kernel KIND                       a program that changes the host's routes, addresses or nft tables
// Prints `ready`. Servers are well until SIGUSR2: they pass everything to the real one, or serve empty lists.
import { serveApi } from './api_peer.js';
import { troubleKernel } from './kernel_peer.js';
import { openflowPeer } from './openflow_peer.js';
import { ovsdbPeer } from './ovsdb_peer.js';
import { serveTurncoat } from './turncoat.js';
import { attackUnixctl } from './unixctl_peer.js';

const [what, kind = '', ...rest] = process.argv.slice(2);
const [path = '', real = ''] = rest;

if (what === 'unixctl') attackUnixctl(kind, rest);
else if (what === 'kernel') setImmediate(() => void troubleKernel(kind));
else if (what === 'api') {
  const { url, turn } = await serveApi(kind);
  process.stdout.write(`${url}\n`);
  process.on('SIGUSR2', turn);
} else {
  const peer = what === 'ovsdb' ? ovsdbPeer(kind, real) : openflowPeer(kind, real);
  process.on('SIGUSR2', await serveTurncoat(path, peer));
}
process.stdout.write('ready\n');
// An agent without connections must not end.
setInterval(() => undefined, 60_000);
