import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { addLetGo } from '../../src/nic/networkmanager_step.js';
import { Plan } from '../../src/nic/plan.js';

const INDEX: Readonly<Record<string, number>> = { 'lab-eth0': 2, 'lab-breth0': 7 };

test('NetworkManager lets go of what it manages, and takes it back when the move is undone', async (t) => {
  const { around, commands } = begin(t, { 2: 'true', 7: 'true' });
  const plan = new Plan();
  await addLetGo(plan, { from: 'lab-eth0', to: 'lab-breth0', isTakenUp: true }, around);
  t.deepEqual(commands.splice(0), []);
  await plan.run(new AbortController().signal);
  t.deepEqual(commands.splice(0), [
    'nmcli device set lab-eth0 managed no',
    'nmcli device set lab-breth0 managed no',
  ]);
  await plan.undo();
  t.deepEqual(commands, ['nmcli device set lab-eth0 managed yes', 'nmcli device set lab-breth0 managed yes']);
  t.deepEqual(plan.remarks, []);
});

test('a NIC that NetworkManager does not manage is left alone', async (t) => {
  const { around } = begin(t, { 2: 'false' });
  const plan = new Plan();
  await addLetGo(plan, { from: 'lab-eth0', to: 'lab-breth0', isTakenUp: false }, around);
  t.is(String(plan), '');
});

test('a move after which NetworkManager configures nothing says so', async (t) => {
  const { around } = begin(t, { 2: 'true' });
  const plan = new Plan();
  await addLetGo(plan, { from: 'lab-eth0', to: 'lab-breth0', isTakenUp: false }, around);
  t.regex(
    plan.remarks.join(),
    /^until the next boot NetworkManager configures neither lab-eth0 nor lab-breth0/,
  );
});

test('a NetworkManager of another network namespace is left alone', async (t) => {
  const { around } = begin(t, { 2: 'true' }, 'net:[4026532001]');
  const plan = new Plan();
  await addLetGo(plan, { from: 'lab-eth0', to: 'lab-breth0', isTakenUp: false }, around);
  t.is(String(plan), '');
});

function begin(
  t: ExecutionContext,
  managed: Readonly<Record<number, string>>,
  namespace = 'net:[4026531840]',
) {
  const root = mkdtempSync(join(tmpdir(), 'networkmanager-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const folder = join(root, 'run/NetworkManager/devices');
  mkdirSync(folder, { recursive: true });
  for (const [index, value] of Object.entries(managed))
    writeFileSync(join(folder, index), `[device]\nmanaged=${value}\n`);
  for (const [pid, link] of Object.entries({ self: 'net:[4026531840]', 142: namespace })) {
    mkdirSync(join(root, 'proc', pid, 'ns'), { recursive: true });
    symlinkSync(link, join(root, 'proc', pid, 'ns/net'));
  }
  const commands: string[] = [];
  const run = async (...argv: readonly string[]) => {
    if (argv[0] === 'nmcli') commands.push(argv.join(' '));
    return argv[0] === 'systemctl' ? '142\n' : '';
  };
  return { commands, around: { root, run, ifindexOf: async (device: string) => INDEX[device] } };
}
