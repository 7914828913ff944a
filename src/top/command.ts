import { type Command, Option } from 'commander';
import { addCaptureOptions, readCaptureOptions } from '../capture/options.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { UsageError } from '../net/errors.js';
import { readInterfaceName } from '../net/interface_name.js';

/** Adds `top` to `ovn-k8s-util`. */
export function addTop(command: Command): void {
  const top = command
    .command('top')
    .description('show the traffic of an interface by class and by sender, until q or Ctrl-C')
    .argument('<interface>')
    .option('--json', 'print one sample as a JSON object, then exit')
    .option('--interval <seconds>', 'how long each sample takes', '1')
    .option('--samples <number>', 'exit after this many samples')
    .addOption(
      new Option(
        '--in <port>',
        'the port of the bridge by which its frames enter (default: ask the switch)',
      ).choices(['phys', 'local', 'other']),
    );
  addCaptureOptions(top, 'the helper and the database').action(
    async (device: string, given: Record<string, unknown>) => {
      const { runTop } = await import('./run.js');
      await runTop({
        ...readCaptureOptions(given),
        device: readInterfaceName('interface', device),
        json: given.json === true,
        intervalMs: readMilliseconds(String(given.interval), '--interval'),
        samples: given.samples === undefined ? undefined : readCount(String(given.samples)),
        role: given.in === 'phys' || given.in === 'local' || given.in === 'other' ? given.in : undefined,
      });
    },
  );
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError(`--samples=${text}: give a whole number above 0`);
  return count;
}
