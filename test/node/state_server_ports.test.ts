import test from 'ava';
import { parseIp } from '../../src/net/ip.js';
import { ClaimBook } from '../../src/node/state_claims.js';
import { type ServerFacts, serverPorts } from '../../src/node/state_server_ports.js';
import { serviceClaims } from '../../src/node/state_service_claims.js';
import { OPEN_GUARD, service } from './objects.js';

const NODES = ['203.0.113.10', '2001:db8::10'].map(parseIp);

function portsOf(facts: Partial<ServerFacts>): ReadonlyMap<string, string> {
  return serverPorts({ api: undefined, nb: undefined, remote: undefined, nodes: NODES, ...facts });
}

test('the API server and databases at addresses of nodes keep their ports, those elsewhere need not', (t) => {
  const of = (facts: Partial<ServerFacts>) => [...portsOf(facts).keys()].join();
  t.is(of({ nb: 'ssl:203.0.113.10:6641,ssl:[2001:db8::10]:6645', remote: 'nonsense' }), 'tcp 6641,tcp 6645');
  t.is(of({ nb: 'unix:/run/ovn/ovnnb_db.sock', remote: 'tcp:192.0.2.9:6642' }), '');
  t.is(of({ api: 'https://[2001:db8::10]' }), 'tcp 443');
  t.is(of({ api: 'http://127.0.0.1:8080' }), 'tcp 8080');
  t.is(of({ api: 'https://api.example' }), '');
});

test('a node port that is a port of the API server is left to it, until the server moves', (t) => {
  const book = new ClaimBook(serviceClaims);
  book.put('default/a', service({ type: 'NodePort', ports: [{ port: 80, nodePort: 6443 }] }));
  const at = (url: string) => portsOf({ api: url });
  book.decide({ guard: OPEN_GUARD, listeners: at('https://203.0.113.10:6443') });
  t.is(book.sets.get('node_port4')?.size ?? 0, 0);
  t.deepEqual(book.problems, [
    'Service default/a: node port tcp 6443 is refused: the host uses it: the API server at 203.0.113.10:6443',
  ]);
  book.decide({ guard: OPEN_GUARD, listeners: at('https://203.0.113.10:8443') });
  t.is(book.sets.get('node_port4')?.get('tcp 6443'), '10.96.0.7 80');
  t.deepEqual(book.problems, []);
});
