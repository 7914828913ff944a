import { readFileSync } from 'node:fs';
import { askDaemon } from '../daemon/ask.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import type { GatewayState } from '../demux/state.js';
import { parseState } from '../demux/state_json.js';
import { ProductError } from '../net/errors.js';

/**
 * Reads the state of the gateway from `file`, or asks the running helper for it.
 * @throws ProductError `ERR_NO_STATE` if neither can be read, `ERR_BAD_STATE` if the content is not a state
 */
export async function readState(
  file: string | undefined,
  rundir: string,
  timeoutMs: number,
): Promise<GatewayState> {
  if (file !== undefined) return parseFile(file);
  try {
    return parseState(await askDaemon({ program: GATEWAY_HELPER, rundir, timeoutMs }, 'state/show'));
  } catch (error) {
    throw new ProductError(
      'ERR_NO_STATE',
      'the helper did not report its state; --state=FILE works without the helper',
      { cause: error },
    );
  }
}

/**
 * Returns a warning if the switch does not do what the state says: while the flows are not in place, NORMAL forwards the
 * packets of the host, and OVN's port carries none.
 */
export async function unsettledWarning(rundir: string, timeoutMs: number): Promise<string | undefined> {
  const text = await askDaemon({ program: GATEWAY_HELPER, rundir, timeoutMs }, 'status', ['--json']);
  const { synced, isOpen }: { readonly synced?: unknown; readonly isOpen?: unknown } = JSON.parse(text);
  if (synced !== true)
    return 'the flows are not in place now: until then the bridge forwards by NORMAL, which leaves out the port to OVN';
  return isOpen === true
    ? undefined
    : 'the gate to OVN is closed now: OVN does not use its port of the bridge';
}

function parseFile(file: string): GatewayState {
  const text = readText(file);
  try {
    return parseState(text);
  } catch (error) {
    throw new ProductError('ERR_BAD_STATE', `--state=${file} has no state of a gateway`, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ProductError('ERR_NO_STATE', `--state=${file} cannot be read`, { cause: error });
  }
}
