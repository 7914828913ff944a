import test from 'ava';
import fc from 'fast-check';
import { AddressAdmission } from '../../src/gateway/state_admission.js';
import { AddressGuard } from '../../src/kube/address_guard.js';
import { claimOf } from '../../src/net/claims.js';
import { type IpAddress, parseIp } from '../../src/net/ip.js';
import { parseMac } from '../../src/net/mac.js';
import { Keyed } from '../../src/openflow/keyed.js';

const MAC = parseMac('02:00:00:00:00:77');
const [A, B, OWN] = ['203.0.113.80', '203.0.113.81', '203.0.113.10'].map(parseIp) as [
  IpAddress,
  IpAddress,
  IpAddress,
];
const ANY = new AddressGuard({ claims: [], allowed: undefined });

function keyed(...addresses: readonly IpAddress[]): Keyed<IpAddress> {
  return Keyed.of(addresses.map((ip) => [ip, ip]));
}

function refusing(...addresses: readonly IpAddress[]): AddressGuard {
  return new AddressGuard({ claims: addresses.map((ip) => claimOf(ip, 'taken')), allowed: undefined });
}

/** An admission whose served addresses are in place at the next call, as the flows are after a step. */
function begin(inPlace: readonly IpAddress[] = [], asks = true) {
  const admission = new AddressAdmission();
  let served = keyed(...inPlace);
  const admit = (wanted: Keyed<IpAddress>, guard = ANY) => {
    served = admission.admit({ wanted, guard, own: [OWN], served, asks });
    return [...served].sort();
  };
  return { admission, admit, refusals: () => [...admission.refusals()].map(([ip, why]) => `${ip} ${why}`) };
}

test('a new address is served once nobody answers for it; one in the flows is served at once', (t) => {
  const { admission, admit } = begin([A]);
  t.deepEqual(admit(keyed(A, B)), [A]);
  t.deepEqual(admission.due(0), [B]);
  admission.answered([B], [], 0);
  t.deepEqual(admit(keyed(A, B)), [A, B]);
  t.deepEqual(admission.due(0), []);
});

test('where another host answers, nobody is asked, and the guard decides alone', (t) => {
  const { admission, admit, refusals } = begin([], false);
  t.deepEqual(admit(keyed(A, B), refusing(B)), [A]);
  t.deepEqual(admission.due(0), []);
  t.deepEqual(refusals(), [`${B} it is taken`]);
  t.deepEqual(admit(keyed(B)), [B]);
});

test('an address that a host has is refused, and asked for again every 5 s until it is silent', (t) => {
  const { admission, admit, refusals } = begin();
  admit(keyed(A));
  admission.answered([A], [{ address: A, mac: MAC }], 1_000);
  t.deepEqual(admit(keyed(A)), []);
  t.deepEqual(refusals(), [`${A} ${MAC} has it on the network`]);
  t.true(admission.isHeld);
  t.deepEqual(admission.due(5_999), []);
  t.deepEqual(admission.due(6_000), [A]);
  admission.answered([A], [{ address: A, mac: MAC }], 6_600);
  t.deepEqual(admission.due(11_599), []);
  admission.answered([A], [], 11_600);
  t.deepEqual(admit(keyed(A)), [A]);
  t.deepEqual(refusals(), []);
});

test('an address that the guard refuses is never asked for, and is asked for when it becomes free', (t) => {
  const { admission, admit, refusals } = begin([A]);
  t.deepEqual(admit(keyed(A), refusing(A)), []);
  t.deepEqual(refusals(), [`${A} it is taken`]);
  t.deepEqual(admission.due(0), []);
  t.deepEqual(admit(keyed(A)), []);
  t.deepEqual(admission.due(0), [A]);
});

test('an address that no service wants any more is forgotten, also while it is asked for', (t) => {
  const { admission, admit, refusals } = begin();
  admit(keyed(A, B));
  admit(keyed(B));
  admission.answered([A, B], [{ address: A, mac: MAC }], 0);
  t.deepEqual(admit(keyed(B)), [B]);
  t.deepEqual(refusals(), []);
  admit(keyed());
  t.deepEqual(admit(keyed(B)), []);
  t.deepEqual(admission.due(0), [B]);
});

test("the gateway's own address is not served as an address, and not asked for", (t) => {
  const { admission, admit } = begin([OWN]);
  t.deepEqual(admit(keyed(OWN)), []);
  t.deepEqual(admission.due(0), []);
});

test('no more than 256 addresses are asked for at a time, new ones before those that hosts have', (t) => {
  const { admission, admit } = begin();
  const many = Array.from({ length: 300 }, (_, i) => parseIp(`10.0.${i >> 8}.${i & 255}`));
  admit(keyed(...many));
  const first = admission.due(0);
  t.is(first.length, 256);
  admission.answered(
    first,
    first.map((address) => ({ address, mac: MAC })),
    0,
  );
  const next = admission.due(10_000);
  t.is(next.length, 256);
  t.deepEqual(
    next.slice(0, 44).filter((ip) => first.includes(ip)),
    [],
  );
});

test('after another gateway served the addresses, all are asked for again', (t) => {
  const { admission, admit } = begin([A]);
  t.deepEqual(admit(keyed(A)), [A]);
  admission.reset();
  t.deepEqual(
    [...admission.admit({ wanted: keyed(A), guard: ANY, own: [OWN], served: keyed(), asks: true })],
    [],
  );
  t.deepEqual(admission.due(0), [A]);
});

test('whatever happens, no address is served that is not wanted, or that the guard refuses', (t) => {
  const pool = Array.from({ length: 6 }, (_, i) => parseIp(`203.0.113.${80 + i}`));
  const subset = fc.subarray(pool);
  const event = fc.record({ wanted: subset, refused: subset, held: subset });
  fc.assert(
    fc.property(subset, fc.array(event, { maxLength: 12 }), (inPlace, events) => {
      const { admission, admit } = begin(inPlace);
      let now = 0;
      for (const { wanted, refused, held } of events) {
        now += 10_000;
        const served = admit(keyed(...wanted), refusing(...refused));
        t.deepEqual(
          served.filter((ip) => !wanted.includes(ip) || refused.includes(ip)),
          [],
        );
        const due = admission.due(now);
        admission.answered(
          due,
          held.map((address) => ({ address, mac: MAC })),
          now,
        );
        const after = admit(keyed(...wanted), refusing(...refused));
        const free = due.filter((ip) => !held.includes(ip));
        t.deepEqual(after, [...new Set([...served, ...free])].sort());
      }
    }),
  );
});

test('addresses of hosts are asked for in turn, also while new addresses come without end', (t) => {
  const { admission, admit } = begin();
  const held = Array.from({ length: 300 }, (_, i) => parseIp(`198.51.${100 + (i >> 8)}.${i & 255}`));
  admit(keyed(...held));
  admission.answered(
    held,
    held.map((address) => ({ address, mac: MAC })),
    0,
  );
  const asked = new Set<IpAddress>();
  for (let round = 1; round <= 5; round++) {
    const fresh = Array.from({ length: 400 }, (_, i) => parseIp(`10.${round}.${i >> 8}.${i & 255}`));
    admit(keyed(...held, ...fresh));
    const due = admission.due(round * 5_000);
    t.true(due.length <= 256);
    t.true(due.filter((ip) => fresh.includes(ip)).length >= 128);
    for (const ip of due) asked.add(ip);
    const conflicts = due.filter((ip) => held.includes(ip)).map((address) => ({ address, mac: MAC }));
    admission.answered(due, conflicts, round * 5_000);
  }
  t.deepEqual(
    held.filter((ip) => !asked.has(ip)),
    [],
  );
});
