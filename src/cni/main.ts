import { formatError } from './errors.js';
import { runPlugin } from './plugin.js';
import { readConfiguration } from './request.js';
import { readAll } from './stdin.js';
import { formatVersions, isSupported, NEWEST } from './versions.js';

/**
 * Answers the runtime's request: CNI_COMMAND in the environment, and a configuration on standard input. An error is
 * JSON on standard output, with exit code 1 (CNI specification, "Error").
 */
export async function answerRuntime(): Promise<void> {
  if (process.env.CNI_COMMAND === 'VERSION') return print(formatVersions());
  let version: string = NEWEST;
  try {
    const config = readConfiguration(await readAll(0, () => process.stdin));
    version = config.cniVersion;
    print(await runPlugin(process.env, config));
  } catch (error) {
    print(formatError(isSupported(version) ? version : NEWEST, error));
    process.exitCode = 1;
  }
}

function print(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`);
}
