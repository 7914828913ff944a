import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { keep } from '../../src/confirm/keeper.js';
import {
  after,
  refuseUnconfirmed,
  type Unconfirmed,
  UnconfirmedStore,
} from '../../src/confirm/unconfirmed.js';

const AT = { boot: 'one', seconds: 1_000 };
const ONE: Unconfirmed = {
  id: 'a1',
  command: 'nics-to-bridge eth0',
  inverse: ['/bin/tool', 'bridge-to-nics', 'breth0'],
  at: AT,
  due: after(AT, 60_000),
  nics: [],
};

test('a command is never taken back before its whole time is over', (t) => {
  t.deepEqual(after(AT, 60_000), { boot: 'one', seconds: 1_061 }, 'the seconds of now are rounded down');
  t.deepEqual(after(AT, 1_500), { boot: 'one', seconds: 1_003 });
});

test('the keeper takes a command back when its time is over, tries until that succeeds, and ends', async (t) => {
  const { store, run } = begin(t);
  const outcomes = ['no switch', 'no switch', 'no database', undefined];
  const { taken, lines } = await run({ outcomes });
  t.deepEqual(
    taken,
    Array.from({ length: 4 }, () => ({ seconds: 1_061, inverse: ONE.inverse })),
  );
  t.deepEqual(lines, [
    'nics-to-bridge eth0 was not confirmed in time: no switch',
    'nics-to-bridge eth0 was not confirmed in time: no database',
    'nics-to-bridge eth0 was not confirmed in time, and was taken back',
  ]);
  t.is(store.read(), undefined);
});

test('the keeper ends when its command is confirmed, or is another one', async (t) => {
  const { store, run } = begin(t);
  const confirmed = await run({ pause: () => store.remove() });
  t.deepEqual(confirmed.taken, []);
  store.write({ ...ONE, id: 'b2' });
  t.deepEqual((await run({})).taken, []);
  t.is(store.read()?.id, 'b2');
});

test('after a reboot a command is taken back at once', async (t) => {
  const { run } = begin(t);
  const { taken } = await run({ outcomes: [undefined], now: { boot: 'two', seconds: 3 } });
  t.deepEqual(
    taken.map(({ seconds }) => seconds),
    [3],
  );
});

test('a keeper waits for the end of the time that a command set anew when it had done its work', async (t) => {
  const { store, run } = begin(t);
  let isRunning = true;
  const { taken } = await run({
    outcomes: [undefined],
    pause: (seconds) => {
      if (isRunning && seconds === 1_030)
        store.write({ ...ONE, due: after({ boot: 'one', seconds }, 60_000) });
      isRunning = seconds < 1_030;
    },
  });
  t.deepEqual(
    taken.map(({ seconds }) => seconds),
    [1_091],
  );
});

test('while a command is not confirmed another is refused, with the seconds that are left', (t) => {
  const { store } = begin(t);
  const refused = (seconds: number) => {
    const error = t.throws(() => refuseUnconfirmed(store, { boot: 'one', seconds }));
    return error?.message;
  };
  t.is(
    refused(1_041),
    'nics-to-bridge eth0 is not confirmed: run ovn-k8s-util confirm, or wait 20 s until it is taken back',
  );
  t.is(refused(1_061), 'nics-to-bridge eth0 is not confirmed: it is being taken back');
  t.notThrows(() => refuseUnconfirmed(store, AT, ({ command }) => command.endsWith('eth0')));
});

test('a record that cannot be read is an error that names the file', (t) => {
  const { store } = begin(t);
  for (const text of ['', '{}', '[]', '{"id":5}', JSON.stringify({ ...ONE, nics: [{ bridge: 'breth0' }] })]) {
    writeFileSync(store.path, text);
    t.throws(() => store.read(), { code: 'ERR_JOURNAL', message: /unconfirmed\.json, the record of/ }, text);
  }
  store.remove();
  t.false(existsSync(store.path));
});

function begin(t: ExecutionContext) {
  const dir = mkdtempSync(join(tmpdir(), 'unconfirmed-'));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const store = new UnconfirmedStore(join(dir, 'state'));
  store.write(ONE);
  /** Runs a keeper in whose time a pause takes a second; an inverse command that succeeds forgets the command. */
  const run = async ({
    outcomes = [],
    pause = () => {},
    now = AT,
  }: {
    outcomes?: readonly (string | undefined)[];
    pause?: (seconds: number) => void;
    now?: typeof AT;
  }) => {
    let { seconds } = now;
    const taken: { readonly seconds: number; readonly inverse: readonly string[] }[] = [];
    const lines: string[] = [];
    await keep(store, ONE.id, {
      now: () => ({ ...now, seconds }),
      log: (line) => lines.push(line),
      pause: async () => {
        pause(seconds);
        if (taken.length === 0) seconds++;
      },
      takeBack: async (inverse) => {
        taken.push({ seconds, inverse });
        const outcome = outcomes[taken.length - 1];
        if (outcome === undefined) store.remove();
        return outcome;
      },
    });
    return { taken, lines };
  };
  return { store, run };
}
