import { readFileSync } from 'node:fs';
import { askDaemon } from '../daemon/ask.js';
import { GATEWAY_HELPER } from '../daemon/programs.js';
import type { GatewayState } from '../demux/state.js';
import { parseState } from '../demux/state_json.js';
import { ProductError } from '../net/errors.js';

/**
 * The state of the gateway: of the running helper, or what one printed into a file.
 * @throws ProductError when there is none, or it is none
 */
export async function readState(
  file: string | undefined,
  rundir: string,
  timeoutMs: number,
): Promise<GatewayState> {
  if (file !== undefined) return parseState(readText(file));
  try {
    return parseState(await askDaemon({ program: GATEWAY_HELPER, rundir, timeoutMs }, 'state/show'));
  } catch (error) {
    throw new ProductError(
      'ERR_NO_STATE',
      'the helper does not tell its state; --state=FILE does without it',
      {
        cause: error,
      },
    );
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ProductError('ERR_NO_STATE', `--state=${file} cannot be read`, { cause: error });
  }
}
