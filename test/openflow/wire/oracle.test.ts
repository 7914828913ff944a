import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import fc from 'fast-check';
import { formatCookie } from '../../../src/openflow/cookie.js';
import { splitKey } from '../../../src/openflow/flow.js';
import { readError } from '../../../src/openflow/wire/error_message.js';
import { writeFlowAdd } from '../../../src/openflow/wire/flow_mod.js';
import { OFP14, Type } from '../../../src/openflow/wire/message.js';
import { WireWriter } from '../../../src/openflow/wire/writer.js';
import { anyFlow } from '../random_flows.js';

/** Returns what `ovs-ofctl` prints for the messages in `bytes`. */
async function printed(bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'openflow-'));
  try {
    await writeFile(join(folder, 'stream'), bytes);
    const { stdout } = await execa('ovs-ofctl', ['--no-names', 'ofp-parse', join(folder, 'stream')]);
    return stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('ovs-ofctl prints any flow that we write as we print it', async (t) => {
  const flows = fc.sample(anyFlow, 500);
  const out = new WireWriter();
  for (const [i, one] of flows.entries()) writeFlowAdd(out, i + 1, one);
  const lines = (await printed(out.bytes)).split('\n').filter((line) => line.startsWith('OFPT_FLOW_MOD'));
  t.is(lines.length, flows.length);
  for (const [i, { key, text, cookie }] of flows.entries()) {
    const { table, priority, where } = splitKey(key);
    const place = table === 0 ? '' : `table:${table}`;
    // ovs-ofctl leaves out the default priority, 32768.
    const match = [priority === 32768 ? '' : `priority=${priority}`, where].filter(Boolean).join(',');
    const line = ['ADD', place, match, `cookie:${formatCookie(cookie)}`].filter(Boolean).join(' ');
    const actions = text.slice(text.indexOf(' actions=') + ' actions='.length);
    t.is(lines[i], `OFPT_FLOW_MOD (OF1.4) (xid=0x${(i + 1).toString(16)}): ${line} actions=${actions}`);
  }
});

test('errors have the names that ovs-ofctl gives them', async (t) => {
  const out = new WireWriter();
  const ours: string[] = [];
  for (const type of [0, 1, 2, 3, 4, 5, 7, 10, 17]) {
    for (let code = 0; code < 16; code++) {
      const body = Buffer.from([0, type, 0, code]);
      const { text } = readError({ version: OFP14, type: Type.error, xid: 1, body });
      if (text.startsWith('error ')) continue;
      ours.push(text);
      const start = out.begin(Type.error, 1);
      out.raw(body);
      out.end(start);
    }
  }
  const theirs = [...(await printed(out.bytes)).matchAll(/^OFPT_ERROR .*: (\S+)$/gm)].map(([, name]) => name);
  t.deepEqual(ours, theirs as string[]);
  t.true(ours.length > 80);
});
