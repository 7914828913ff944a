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
