import test from 'ava';
import { HostPortBook } from '../../src/gateway/state_host_ports.js';
import type { Pod } from '../../src/kube/kinds.js';
import { parseIp } from '../../src/net/ip.js';

const [V4, V6] = [parseIp('203.0.113.11'), parseIp('2001:db8::11')];

type Port = { hostPort: number; containerPort?: number; protocol?: string; hostIP?: string };

function pod(ports: readonly Port[], more: object = {}): Pod {
  return { spec: { containers: [{ ports: ports.map((one) => ({ containerPort: 80, ...one })) }], ...more } };
}

/** Returns the ports of both addresses that the pods want, one text each. */
function wanted(book: HostPortBook) {
  return book
    .portsAt([V4, V6])
    .map(({ owner, port }) => `${owner} ${port.protocol} ${port.port} ${port.at?.join()}`);
}

test('a host port is a port of each address of the gateway, of any protocol', (t) => {
  const book = new HostPortBook();
  book.put('ns/a', pod([{ hostPort: 8088 }, { hostPort: 53, protocol: 'UDP' }]));
  t.deepEqual(wanted(book), [
    'ns/a tcp 8088 203.0.113.11',
    'ns/a tcp 8088 2001:db8::11',
    'ns/a udp 53 203.0.113.11',
    'ns/a udp 53 2001:db8::11',
  ]);
});

test("hostIP narrows a host port to one address; one that is not the gateway's is the host's own affair", (t) => {
  const book = new HostPortBook();
  book.put(
    'ns/a',
    pod([
      { hostPort: 8088, hostIP: V6 },
      { hostPort: 8089, hostIP: '203.0.113.200' },
    ]),
  );
  t.deepEqual(wanted(book), ['ns/a tcp 8088 2001:db8::11']);
});

test('a pod on the network of the host, a finished one and a deleted one have no host ports', (t) => {
  const book = new HostPortBook();
  book.put('ns/a', pod([{ hostPort: 8088 }], { hostNetwork: true }));
  book.put('ns/b', { ...pod([{ hostPort: 8089 }]), status: { phase: 'Succeeded' } });
  t.true(book.put('ns/c', pod([{ hostPort: 8090 }])));
  t.true(book.put('ns/c', undefined));
  t.deepEqual(wanted(book), []);
});

test('a change of a pod counts only if its host ports changed', (t) => {
  const book = new HostPortBook();
  t.false(book.put('ns/a', pod([])));
  t.true(book.put('ns/a', pod([{ hostPort: 8088 }])));
  const { revision } = book;
  t.false(book.put('ns/a', { ...pod([{ hostPort: 8088 }]), status: { phase: 'Running' } }));
  t.is(book.revision, revision);
  t.true(book.put('ns/a', pod([{ hostPort: 8089 }])));
});

test('a pod whose ports make no sense is named, and the others stay', (t) => {
  const book = new HostPortBook();
  book.put('ns/a', pod([{ hostPort: 8088 }]));
  book.put('ns/bad', pod([{ hostPort: 70_000 }]));
  t.deepEqual(book.problems, ['Pod ns/bad: port 70000 is not from 1 to 65535; it has no host ports']);
  t.is(wanted(book).length, 2);
  book.put('ns/bad', undefined);
  t.deepEqual(book.problems, []);
});
