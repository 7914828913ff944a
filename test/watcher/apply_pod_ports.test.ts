import test from 'ava';
import fc from 'fast-check';
import { ANNOTATION, type Pod } from '../../src/kube/kinds.js';
import { podAnnotation, reconcilePods } from '../../src/watcher/apply_pod_ports.js';
import { wantedPort } from '../../src/watcher/desired_pod_port.js';
import { PortIndex } from '../../src/watcher/state_ports.js';
import { addNode } from './cluster_rows.js';
import { FakeNorthbound } from './fake_northbound.js';

interface PodOptions {
  readonly uid?: string;
  readonly reported?: string;
  readonly annotation?: string;
}

function pod(
  name: string,
  nodeName: string,
  { uid = `uid-${name}`, reported, annotation }: PodOptions = {},
): Pod {
  const annotations = annotation === undefined ? {} : { annotations: { [ANNOTATION]: annotation } };
  return {
    metadata: { namespace: 'ns', name, uid, ...annotations },
    spec: { nodeName },
    ...(reported === undefined ? {} : { status: { podIPs: [{ ip: reported }] } }),
  };
}

/** A cluster with two nodes. `settle` reconciles these pods and the keys in `also`, and returns the problems by key. */
function start() {
  const nb = new FakeNorthbound();
  const nodes = { gw1: addNode(nb, 'gw1', 1), gw2: addNode(nb, 'gw2', 2) };
  const index = new PortIndex();
  index.load(nb);
  nb.onChange((changes) => index.apply(changes));
  const settle = async (pods: readonly Pod[], also: readonly string[] = []) => {
    const all = new Map(pods.map((one) => [`ns/${one.metadata?.name}`, one]));
    const txn = nb.transaction('test');
    const { problems, waiting, given } = reconcilePods(index, txn, [...all.keys(), ...also], (key) =>
      all.get(key),
    );
    try {
      await txn.commit();
    } finally {
      index.giveBack(given);
    }
    waitingPods.splice(0, waitingPods.length, ...waiting);
    return Object.fromEntries(problems);
  };
  const waitingPods: string[] = [];
  const ports = () =>
    Object.fromEntries(
      nb
        .filter('Logical_Switch_Port', () => true)
        .map(({ _uuid, name, addresses }) => [name, `${index.switchOf(_uuid)?.name} ${addresses.join()}`]),
    );
  const row = (name: string) => nb.find('Logical_Switch_Port', (one) => one.name === name);
  return { nb, nodes, index, settle, ports, row, waitingPods };
}

/** Returns the addresses of a pod's port with this IPv4 address. */
function own(n: number, node = 1): string {
  return `gw${node} 0a:58:0a:f4:0${node}:${n.toString(16).padStart(2, '0')} 10.244.${node}.${n}`;
}

test('a pod gets a port on the switch of its node, whole: addresses, UID, and what the plugin reads', async (t) => {
  const { settle, ports, row, index } = start();
  const one = pod('one', 'gw1');
  t.deepEqual(await settle([one, pod('two', 'gw2')]), {});
  t.deepEqual(ports(), { ns_one: own(2), ns_two: own(2, 2) });
  t.deepEqual(row('ns_one')?.port_security, ['0a:58:0a:f4:01:02 10.244.1.2']);
  t.deepEqual(row('ns_one')?.options, new Map([['iface-id-ver', 'uid-one']]));
  t.deepEqual(
    row('ns_one')?.external_ids,
    new Map([
      ['pod', 'true'],
      ['namespace', 'ns'],
      ['pod-uid', 'uid-one'],
      ['ip_address', '10.244.1.2/24'],
      ['mac_address', '0a:58:0a:f4:01:02'],
      ['gateway_ip', '10.244.1.1'],
    ]),
  );
  const wanted = wantedPort(one);
  t.is(
    wanted && podAnnotation(index, wanted),
    '{"ip_address":"10.244.1.2/24","mac_address":"0a:58:0a:f4:01:02","gateway_ip":"10.244.1.1"}',
  );
});

test('a port that is right is not written', async (t) => {
  const { nb, settle } = start();
  await settle([pod('one', 'gw1')]);
  const { length } = nb.committed;
  await settle([pod('one', 'gw1')]);
  t.is(nb.committed.length, length);
});

test('the port of a pod that is gone is deleted', async (t) => {
  const { settle, ports } = start();
  await settle([pod('one', 'gw1'), pod('two', 'gw1')]);
  t.deepEqual(await settle([pod('two', 'gw1')], ['ns/one']), {});
  t.deepEqual(ports(), { ns_two: own(3) });
});

test('an address in an annotation that an author of Pods wrote is not used', async (t) => {
  const { settle, ports } = start();
  for (const [i, annotation] of [
    '{"ip_address":"10.244.1.9/24","mac_address":"0a:58:0a:f4:01:09","gateway_ip":"10.244.1.1"}',
    'garbage',
  ].entries())
    t.deepEqual(await settle([pod(`p${i}`, 'gw1', { annotation })]), {});
  t.deepEqual(ports(), { ns_p0: own(2), ns_p1: own(3) });
});

for (const [what, other] of [
  ['another UID', { uid: 'u2' }],
  ['another node', { node: 'gw2' }],
] as const)
  test(`a pod of the same name with ${what} gets a port of its own, in one transaction`, async (t) => {
    const { nb, settle, row, ports, index } = start();
    const first = pod('one', 'gw1', { uid: 'u1' });
    await settle([first]);
    const before = row('ns_one')?._uuid;
    const { length } = nb.committed;
    const uid = 'uid' in other ? other.uid : 'u1';
    const node = 'node' in other ? other.node : 'gw1';
    await settle([pod('one', node, { uid })]);
    t.is(nb.committed.length, length + 1);
    t.not(row('ns_one')?._uuid, before);
    t.deepEqual(ports(), { ns_one: node === 'gw1' ? own(3) : own(2, 2) });
    t.is(row('ns_one')?.options.get('iface-id-ver'), uid);
    const wanted = wantedPort(first);
    if ('uid' in other) t.is(wanted && podAnnotation(index, wanted), undefined, 'it is not of the first pod');
  });

test('a pod recreated at once gets another address; the one that left longest ago is reused first', async (t) => {
  const { nb, nodes, settle, ports } = start();
  nb.update('Logical_Switch', nodes.gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/29']]) });
  for (const uid of ['a', 'b', 'c', 'd', 'e']) await settle([pod('one', 'gw1', { uid })]);
  t.deepEqual(ports(), { ns_one: own(6) });
  await settle([pod('one', 'gw1', { uid: 'f' })]);
  t.deepEqual(ports(), { ns_one: own(2) });
});

test('a failed transaction uses up no address', async (t) => {
  const { nb, nodes, settle, ports } = start();
  nb.update('Logical_Switch', nodes.gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/30']]) });
  nb.failure = new Error('the disk is full');
  for (let i = 0; i < 3; i++) await t.throwsAsync(settle([pod('one', 'gw1')]));
  nb.failure = undefined;
  t.deepEqual(await settle([pod('one', 'gw1')]), {});
  t.deepEqual(ports(), { ns_one: own(2) });
});

test('a pod on a full switch is named and waits; it gets the address that another leaves', async (t) => {
  const { nb, nodes, settle, ports, waitingPods } = start();
  nb.update('Logical_Switch', nodes.gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/29']]) });
  const five = ['a', 'b', 'c', 'd', 'e'].map((name) => pod(name, 'gw1'));
  t.deepEqual(await settle([...five, pod('late', 'gw1'), pod('there', 'gw2')]), {
    'ns/late': 'Pod ns/late: Logical_Switch gw1 has no free address; it gets the next one that a pod leaves',
  });
  t.deepEqual(waitingPods, ['ns/late']);
  t.is(ports().ns_there, own(2, 2));
  await settle([], ['ns/c']);
  t.deepEqual(await settle([pod('late', 'gw1')]), {});
  t.is(ports().ns_late, own(4));
});

test('an address that an operator gave a port, or that a router has, is given to no pod', async (t) => {
  const { nb, nodes, settle, ports } = start();
  nb.insertPort(nodes.gw1, { name: 'k8s-gw1', addresses: ['0A:58:0A:F4:01:02 10.244.1.2'] });
  nb.insert('Logical_Router_Port', { name: 'x', mac: '0a:58:0a:f4:01:05', networks: ['10.244.1.4/24'] });
  await settle(['a', 'b', 'c'].map((name) => pod(name, 'gw1')));
  const { ns_a, ns_b, ns_c } = ports();
  t.deepEqual([ns_a, ns_c], [own(3), own(6)]);
  t.regex(ns_b ?? '', /^gw1 0a:58:[0-9a-f:]+ 10\.244\.1\.5$/);
  t.not(ns_b, own(5), 'a router has this MAC');
});

test('addresses set by hand are kept; the pod is bound to them', async (t) => {
  const { nb, settle, row, ports } = start();
  await settle([pod('one', 'gw1')]);
  const uuid = row('ns_one')?._uuid;
  if (uuid === undefined) return t.fail('no port');
  const text = '0a:00:00:00:00:09 10.244.1.9';
  nb.update('Logical_Switch_Port', uuid, { addresses: [text] });
  t.deepEqual(await settle([pod('one', 'gw1')]), {});
  t.deepEqual(row('ns_one')?.port_security, [text]);
  t.is(row('ns_one')?.external_ids.get('ip_address'), '10.244.1.9/24');
  t.is(row('ns_one')?.external_ids.get('mac_address'), '0a:00:00:00:00:09');
  for (let i = 0; i < 8; i++) await settle([pod(`p${i}`, 'gw1')]);
  t.is(Object.values(ports()).filter((one) => one.endsWith(' 10.244.1.9')).length, 1);
});

test('a port that an operator gave the address of another port is named until one has another', async (t) => {
  const { nb, settle, row } = start();
  await settle([pod('one', 'gw1'), pod('two', 'gw1')]);
  const two = row('ns_two')?._uuid;
  if (two === undefined) return t.fail('no port');
  nb.update('Logical_Switch_Port', two, { addresses: ['0a:00:00:00:00:09 10.244.1.2'] });
  for (let i = 0; i < 2; i++)
    t.deepEqual(await settle([pod('two', 'gw1')]), {
      'ns/two':
        'Pod ns/two: Logical_Switch_Port ns_two: an address of 0a:00:00:00:00:09 10.244.1.2 is also that of Logical_Switch_Port ns_one; give one of them another with ovn-nbctl lsp-set-addresses',
    });
  t.deepEqual(row('ns_two')?.port_security, ['0a:00:00:00:00:09 10.244.1.2']);
  nb.update('Logical_Switch_Port', two, { addresses: ['0a:00:00:00:00:09 10.244.1.9'] });
  t.deepEqual(await settle([pod('two', 'gw1')]), {});
});

test('a pod whose address a later port of an operator has too is named, though its own row is as it was', async (t) => {
  const { nb, nodes, settle } = start();
  await settle([pod('one', 'gw1'), pod('two', 'gw1')]);
  t.deepEqual(await settle([pod('one', 'gw1'), pod('two', 'gw1')]), {});
  const vm = nb.insertPort(nodes.gw1, { name: 'vm', addresses: ['0a:00:00:00:00:09 10.244.1.2'] });
  t.deepEqual(await settle([pod('one', 'gw1'), pod('two', 'gw1')]), {
    'ns/one':
      'Pod ns/one: Logical_Switch_Port ns_one: an address of 0a:58:0a:f4:01:02 10.244.1.2 is also that of Logical_Switch_Port vm; give one of them another with ovn-nbctl lsp-set-addresses',
  });
  nb.update('Logical_Switch_Port', vm, { addresses: ['0a:00:00:00:00:09 10.244.1.99'] });
  t.deepEqual(await settle([pod('one', 'gw1'), pod('two', 'gw1')]), {});
});

test('a port of an earlier version keeps its address and gets the rest, but no required UID', async (t) => {
  const { nb, nodes, settle, row } = start();
  const external_ids = new Map([
    ['pod', 'true'],
    ['namespace', 'ns'],
  ]);
  const dynamic_addresses = '2a:e8:10:f4:02:03 10.244.1.2';
  const old = nb.insertPort(nodes.gw1, {
    name: 'ns_one',
    addresses: ['dynamic'],
    dynamic_addresses,
    external_ids,
  });
  t.deepEqual(await settle([pod('one', 'gw1'), pod('two', 'gw1')]), {});
  t.like(row('ns_one'), {
    _uuid: old,
    addresses: ['dynamic'],
    port_security: [dynamic_addresses],
    options: new Map(),
  });
  t.deepEqual(Object.fromEntries(row('ns_one')?.external_ids ?? []), {
    ...Object.fromEntries(external_ids),
    'pod-uid': 'uid-one',
    ip_address: '10.244.1.2/24',
    mac_address: '2a:e8:10:f4:02:03',
    gateway_ip: '10.244.1.1',
  });
  t.deepEqual(row('ns_two')?.addresses, ['0a:58:0a:f4:01:03 10.244.1.3']);
});

test('a port that is deleted by hand is made again as it was', async (t) => {
  const { nb, nodes, settle, row, ports } = start();
  await settle([pod('one', 'gw1'), pod('two', 'gw1')]);
  const before = row('ns_one');
  nb.update('Logical_Switch', nodes.gw1, { ports: [row('ns_two')?._uuid ?? nodes.gw1] });
  t.is(row('ns_one'), undefined);
  await settle([pod('three', 'gw1'), pod('one', 'gw1')]);
  t.deepEqual({ ...row('ns_one'), _uuid: undefined }, { ...before, _uuid: undefined });
  t.is(ports().ns_three, own(4));
});

test('a running pod keeps the address that kubelet reports; its older interface need not have its UID', async (t) => {
  const { settle, ports, row } = start();
  await settle([
    pod('one', 'gw1', { reported: '10.244.1.7' }),
    pod('two', 'gw1', { reported: '10.244.1.7' }),
    pod('three', 'gw1', { reported: '10.244.2.9' }),
  ]);
  t.deepEqual(ports(), { ns_one: own(7), ns_two: own(2), ns_three: own(3) });
  t.deepEqual(row('ns_one')?.options, new Map());
  t.deepEqual(row('ns_two')?.options, new Map([['iface-id-ver', 'uid-two']]));
});

test('a pod whose node has no switch is named, and the others get their ports', async (t) => {
  const { settle, ports } = start();
  t.deepEqual(await settle([pod('lost', 'gw9'), pod('one', 'gw1')]), {
    'ns/lost': 'Pod ns/lost: node gw9 has no Logical_Switch; run minion-init there',
  });
  t.deepEqual(ports(), { ns_one: own(2) });
});

test('a switch that cannot be read is named for its pods; the pods of others get their ports', async (t) => {
  const { nb, nodes, settle, ports } = start();
  nb.update('Logical_Switch', nodes.gw2, { external_ids: new Map([['gateway_ip', '10.244.2.1']]) });
  const problems = await settle([pod('bad', 'gw2'), pod('one', 'gw1')]);
  t.deepEqual(Object.keys(problems), ['ns/bad']);
  t.regex(problems['ns/bad'] ?? '', /^Pod ns\/bad: Logical_Switch gw2: gateway_ip=10\.244\.2\.1; correct it/);
  t.deepEqual(ports(), { ns_one: own(2) });
});

for (const addresses of ['MAC dynamic', '0a:58:0a:f4:01:02 garbage', '0a:58:0a:f4:01:02 10.9.9.9', 'unknown'])
  test(`a row with addresses "${addresses}" is named and left alone, and the other pods are served`, async (t) => {
    const { nb, settle, row, ports } = start();
    await settle([pod('one', 'gw1')]);
    const uuid = row('ns_one')?._uuid;
    if (uuid === undefined) return t.fail('no port');
    nb.update('Logical_Switch_Port', uuid, { addresses: [addresses] });
    const problems = await settle([pod('one', 'gw1'), pod('two', 'gw1')]);
    t.deepEqual(Object.keys(problems), ['ns/one']);
    t.regex(problems['ns/one'] ?? '', /^Pod ns\/one: Logical_Switch_Port ns_one: /);
    t.is(ports().ns_one, `gw1 ${addresses}`);
    t.is(ports().ns_two, own(3));
    // A new pod of that name does not inherit it.
    t.deepEqual(await settle([pod('one', 'gw1', { uid: 'new' })]), {});
    t.is(ports().ns_one, own(4));
  });

test("a port of that name which is not of a pod, such as a gateway's, is named and left alone", async (t) => {
  const { nb, nodes, settle, ports } = start();
  nb.insertPort(nodes.gw2, { name: 'ns_one', addresses: ['unknown'] });
  t.deepEqual(await settle([pod('one', 'gw1')]), {
    'ns/one': 'Pod ns/one: Logical_Switch_Port ns_one exists and belongs to no pod; rename one of them',
  });
  t.deepEqual(await settle([], ['ns/one']), {}, 'without the pod there is no problem');
  t.deepEqual(ports(), { ns_one: 'gw2 unknown' });
  t.is(nb.committed.length, 0);
});

test('any history of pods, failures and operators gives no address twice, and each pod what it needs', async (t) => {
  const step = fc.record({
    /** Which pods exist, by UID: 0 is none. */
    pods: fc.array(fc.nat(3), { minLength: 10, maxLength: 10 }),
    hand: fc.option(fc.record({ pod: fc.nat(9), n: fc.integer({ min: 2, max: 14 }) })),
    fails: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const { nb, nodes, settle, row } = start();
      nb.update('Logical_Switch', nodes.gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/28']]) });
      for (const { pods, hand, fails } of steps) {
        const held = (text: string) =>
          nb.filter('Logical_Switch_Port', ({ addresses }) => addresses.some((one) => one.endsWith(text)));
        const port = hand && row(`ns_p${hand.pod}`);
        if (port && held(` 10.244.1.${hand.n}`).length === 0)
          nb.update('Logical_Switch_Port', port._uuid, {
            addresses: [`0a:00:00:00:00:0${hand.pod} 10.244.1.${hand.n}`],
          });
        const wanted = pods.flatMap((uid, i) =>
          uid === 0 ? [] : [pod(`p${i}`, 'gw1', { uid: `${i}-${uid}` })],
        );
        const keys = pods.flatMap((uid, i) => (uid === 0 ? [`ns/p${i}`] : []));
        nb.failure = fails ? new Error('the disk is full') : undefined;
        await settle(wanted, keys).catch(() => undefined);
        nb.failure = undefined;
        const problems = await settle(wanted, keys);
        // A pod that finds the switch full waits until the old row of another has been deleted.
        const late = Object.keys(problems).length === 0 ? {} : await settle(wanted, keys);
        t.deepEqual(late, {});
        const rows = nb.filter('Logical_Switch_Port', () => true);
        t.is(rows.length, wanted.length);
        const addresses = rows.flatMap((one) => one.addresses.flatMap((text) => text.split(' ')));
        t.is(new Set(addresses).size, addresses.length, addresses.join(' '));
        for (const one of rows) {
          t.deepEqual(one.port_security, one.addresses);
          t.is(
            `${one.addresses[0]}/28`,
            `${one.external_ids.get('mac_address')} ${one.external_ids.get('ip_address')}`,
          );
        }
        for (const { metadata } of wanted)
          t.is(row(`ns_${metadata?.name}`)?.external_ids.get('pod-uid'), metadata?.uid);
      }
    }),
    { numRuns: 60 },
  );
});
