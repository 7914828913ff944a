import test from 'ava';
import { AddressBook } from '../../src/kube/address_book.js';
import type { Service } from '../../src/kube/kinds.js';
import { parseIp } from '../../src/net/ip.js';

function service(clusterIP: string, ...externalIPs: readonly string[]): Service {
  return { spec: { clusterIP, externalIPs: [...externalIPs] } };
}

test('an address that a service has in the cluster is refused to others while the service has it', (t) => {
  const book = new AddressBook();
  const ip = parseIp('10.96.0.7');
  t.deepEqual(book.put('ns/web', service('10.96.0.1', ip)), [ip]);
  t.is(book.refusal(ip), undefined);
  t.deepEqual(book.put('ns/other', service(ip)), [ip]);
  t.is(book.refusal(ip), 'it is the cluster address of Service ns/other');
  t.deepEqual([...book.wanting(ip)], ['ns/web']);
  t.deepEqual(book.put('ns/other', undefined), [ip]);
  t.is(book.refusal(ip), undefined);
  t.deepEqual(book.put('ns/web', service('10.96.0.1')), [ip]);
  t.deepEqual([...book.wanting(ip)], []);
});

test('the cluster address of a service with an external address that makes no sense is kept all the same', (t) => {
  const book = new AddressBook();
  book.put('ns/bad', service('10.96.0.7', 'web.example'));
  t.regex(book.refusal(parseIp('10.96.0.7')) ?? '', /Service ns\/bad/);
});
