import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { GATEWAY_HELPER } from '../../src/daemon/programs.js';
import { UnixctlServer } from '../../src/daemon/unixctl_server.js';
import { formatState } from '../../src/demux/state_json.js';
import { readState, unsettledWarning } from '../../src/explain/state_source.js';
import { GATEWAY } from '../demux/sample.js';

test('a state is read from a file, and each failure names the file or the remedy', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'state-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'state.json');
  writeFileSync(file, formatState(GATEWAY));
  t.deepEqual(await readState(file, directory, 1_000), GATEWAY);
  writeFileSync(file, '{}');
  await t.throwsAsync(readState(file, directory, 1_000), {
    code: 'ERR_BAD_STATE',
    message: /^--state=.*state\.json has no state of a gateway$/,
  });
  await t.throwsAsync(readState(join(directory, 'none'), directory, 1_000), {
    code: 'ERR_NO_STATE',
    message: /none cannot be read$/,
  });
  await t.throwsAsync(readState(undefined, directory, 1_000), {
    code: 'ERR_NO_STATE',
    message: /^the helper did not report its state; --state=FILE/,
  });
});

test("the helper's status says when the switch does something else than the state", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'state-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  let status = {};
  const server = new UnixctlServer(join(directory, `${GATEWAY_HELPER}.${process.pid}.ctl`));
  server.register('status', '[--json]', 0, 1, () => JSON.stringify(status));
  await server.listen();
  t.teardown(() => server.close());
  writeFileSync(join(directory, `${GATEWAY_HELPER}.pid`), `${process.pid}\n`);
  status = { synced: true, isOpen: true };
  t.is(await unsettledWarning(directory, 1_000), undefined);
  status = { synced: true, isOpen: false };
  t.regex((await unsettledWarning(directory, 1_000)) ?? '', /the gate to OVN is closed now/);
  status = { synced: false, isOpen: true };
  t.regex((await unsettledWarning(directory, 1_000)) ?? '', /the flows are not in place now/);
});
