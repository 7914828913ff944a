import test from 'ava';
import { ANNOTATED, startInCluster } from './keeper_world.js';

test('many pods take several transactions, and the keeper rings for the next one', async (t) => {
  const { nb, keeper, rung, setPod, ports } = startInCluster();
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1')?._uuid;
  if (gw1 === undefined) return t.fail('no switch');
  nb.update('Logical_Switch', gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/20']]) });
  for (let i = 0; i < 501; i++) setPod(`p${i}`);
  const before = rung.times;
  await keeper.step();
  t.is(ports().length, 500);
  t.true(rung.times > before);
  await keeper.step();
  t.is(ports().length, 501);
  t.is(keeper.transactions, 2);
});

test('a pod is annotated in the step that gives it a port, and not again', async (t) => {
  const { keeper, annotations, setPod } = startInCluster();
  setPod('one');
  await keeper.step();
  t.deepEqual([...annotations], [['ns/one', `uid-one ${ANNOTATED}`]]);
  setPod('one', ANNOTATED);
  await keeper.step();
  t.deepEqual([...annotations], []);
});

test("what a pod's author wrote in the annotation is replaced", async (t) => {
  const { keeper, annotations, setPod } = startInCluster();
  for (const forged of ['garbage', ANNOTATED.replaceAll('.2', '.9')]) {
    setPod('one', forged);
    await keeper.step();
    t.deepEqual([...annotations], [['ns/one', `uid-one ${ANNOTATED}`]], forged);
  }
});

test('a pod of an earlier version is annotated when its port has been completed', async (t) => {
  const { nb, keeper, annotations, setPod } = startInCluster();
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1')?._uuid;
  if (gw1 === undefined) return t.fail('no switch');
  const external_ids = new Map([
    ['pod', 'true'],
    ['namespace', 'ns'],
  ]);
  const port = nb.insertPort(gw1, { name: 'ns_one', addresses: ['dynamic'], external_ids });
  setPod('one');
  await keeper.step();
  t.deepEqual([...annotations], []);
  nb.update('Logical_Switch_Port', port, { dynamic_addresses: '0a:58:0a:f4:01:02 10.244.1.2' });
  await keeper.step();
  await keeper.step();
  t.deepEqual([...annotations], [['ns/one', `uid-one ${ANNOTATED}`]]);
});

test('after the loss of the database running pods get their addresses back before new pods get any', async (t) => {
  const { keeper, nb, setPod } = startInCluster();
  for (let i = 0; i < 100; i++) setPod(`new-${i}`);
  for (let i = 0; i < 100; i++) setPod(`old-${i}`, undefined, `10.244.1.${2 + i}`);
  await keeper.step();
  const address = (name: string) => nb.find('Logical_Switch_Port', (row) => row.name === name)?.addresses[0];
  for (let i = 0; i < 100; i++)
    t.regex(address(`ns_old-${i}`) ?? '', new RegExp(` 10\\.244\\.1\\.${2 + i}$`));
  t.regex(address('ns_new-99') ?? '', / 10\.244\.1\.201$/);
});

test('a pod that waits for an address gets the one that another pod leaves', async (t) => {
  const { nb, keeper, pods, changes, problems, setPod, ports } = startInCluster();
  const gw1 = nb.find('Logical_Switch', ({ name }) => name === 'gw1')?._uuid;
  if (gw1 === undefined) return t.fail('no switch');
  nb.update('Logical_Switch', gw1, { external_ids: new Map([['gateway_ip', '10.244.1.1/30']]) });
  setPod('one');
  await keeper.step();
  setPod('two');
  await keeper.step();
  const full = 'Pod ns/two: Logical_Switch gw1 has no free address; it gets the next one that a pod leaves';
  t.deepEqual(problems.current, [full]);
  await keeper.step();
  t.deepEqual(problems.current, [full]);
  pods.delete('ns/one');
  changes.markPod('ns/one');
  await keeper.step();
  await keeper.step();
  t.deepEqual(ports(), ['ns_two']);
  t.deepEqual(problems.current, []);
});

test('a pod that cannot have a port is named until it is gone', async (t) => {
  const { keeper, problems, pods, changes, setPod } = startInCluster();
  setPod('lost');
  pods.set('ns/lost', {
    metadata: { namespace: 'ns', name: 'lost' },
    spec: { nodeName: 'gw9' },
  });
  await keeper.step();
  t.deepEqual(problems.current, ['Pod ns/lost: node gw9 has no Logical_Switch; run minion-init there']);
  pods.delete('ns/lost');
  changes.markPod('ns/lost');
  await keeper.step();
  t.deepEqual(problems.current, []);
});
