import test from 'ava';
import { HostBook } from '../../src/watcher/state_hosts.js';
import { addNode } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';

function start() {
  const nb = new FakeNorthbound();
  const book = new HostBook();
  const node = addNode(nb, 'gw1', 1);
  const set = (addresses: string, gatewayIp = '10.244.1.1/24,fd00:10:244:1::1/64') =>
    nb.update('Logical_Switch', node, {
      external_ids: new Map([
        ['gateway_ip', gatewayIp],
        ['k8s-host-addresses', addresses],
      ]),
    });
  return { nb, book, set, read: () => book.read(nb) };
}

test("a node has its router's addresses, and says whether ovn-k8s-node runs there", (t) => {
  const { book, read, set } = start();
  t.deepEqual(read(), { isOther: true, moved: new Set() });
  t.deepEqual(book.nodes, [{ node: 'gw1', routers: ['10.244.1.1'], hasDaemon: false }] as never);
  set('203.0.113.1');
  t.true(read().isOther);
  t.like(book.nodes[0], { routers: ['10.244.1.1', 'fd00:10:244:1::1'], hasDaemon: true } as never);
  t.deepEqual(read(), { isOther: false, moved: new Set() });
});

test("the first address of each family is a host's own, and stands for its management address", (t) => {
  const { book, read, set } = start();
  set('203.0.113.1,2001:DB8::1,203.0.113.100,2001:db8::100');
  t.deepEqual(read().moved, new Set(['203.0.113.1', '2001:db8::1']));
  t.deepEqual(
    [...book.hosts].map(([ip, { node, management }]) => `${ip} ${node} ${management}`),
    ['203.0.113.1 gw1 10.244.1.2', '2001:db8::1 gw1 fd00:10:244:1::2'],
  );
  const { hosts } = book;
  set('203.0.113.1,2001:db8::1,203.0.113.101');
  t.deepEqual(read(), { isOther: false, moved: new Set() });
  t.is(book.hosts, hosts);
  set('203.0.113.2,2001:db8::1');
  t.deepEqual(read().moved, new Set(['203.0.113.1', '203.0.113.2']));
});

test("the address of a pod, a service or a router is no host's, whatever a node says", (t) => {
  const { nb, book, read, set } = start();
  addNode(nb, 'n2', 2);
  nb.insert('Logical_Router', {
    name: 'm',
    external_ids: new Map([
      ['k8s-cluster-router', 'yes'],
      ['k8s-service-ip-subnet', '10.96.0.0/16'],
    ]),
  });
  for (const theirs of ['10.244.2.9', '10.244.1.9', '10.96.0.1', '100.64.1.2', 'fd98:64::2']) {
    set(`${theirs},203.0.113.1`);
    read();
    t.deepEqual([...book.hosts.keys()], ['203.0.113.1'], theirs);
  }
});

test('a host whose subnet has not the family of its address keeps that address', (t) => {
  const { book, read, set } = start();
  set('203.0.113.1,2001:db8::1', '10.244.1.1/24');
  read();
  t.deepEqual([...book.hosts.keys()], ['203.0.113.1']);
});

test('a node that cannot be read is left out, and so is what is no address; the others are read', (t) => {
  const { nb, book, read, set } = start();
  addNode(nb, 'n2', 2);
  set('203.0.113.300,203.0.113.1');
  read();
  t.deepEqual([...book.hosts.keys()], ['203.0.113.1']);
  set('203.0.113.1', '10.244.1.300/24');
  read();
  t.deepEqual([...book.hosts.keys()], []);
  t.deepEqual(
    book.nodes.map(({ node }) => node),
    ['n2'],
  );
});
