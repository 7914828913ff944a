import { type Command, Option } from 'commander';
import { directories, localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { UsageError } from '../net/errors.js';

/** Adds `top` to `ovn-k8s-util`. */
export function addTop(command: Command): void {
  command
    .command('top')
    .description('show what passes an interface, by class and by who sends it, until q or Ctrl-C')
    .argument('<interface>')
    .option('--json', 'one sample as a JSON object, then end')
    .option('--interval <seconds>', 'how long one sample takes', '1')
    .option('--samples <number>', 'end after so many')
    .addOption(
      new Option(
        '--in <port>',
        'the port of the bridge that its frames enter by (default: asks the switch)',
      ).choices(['phys', 'local', 'other']),
    )
    .addOption(
      new Option(
        '--capture <way>',
        'how packets are read (default: ring, and pcap where the kernel has none)',
      ).choices(['ring', 'pcap']),
    )
    .option('--state <file>', 'the state of the gateway, as state/show of the helper prints it')
    .option('--db <database>', 'the local switch', localDatabase(process.env))
    .option('--timeout <seconds>', 'how long the helper and the database may take', '5')
    .action(async (device: string, given: Record<string, unknown>) => {
      const { runTop } = await import('./run.js');
      await runTop({
        device,
        json: given.json === true,
        intervalMs: readMilliseconds(String(given.interval), '--interval'),
        samples: given.samples === undefined ? undefined : readCount(String(given.samples)),
        side: given.in === 'phys' || given.in === 'local' || given.in === 'other' ? given.in : undefined,
        way: given.capture === 'ring' || given.capture === 'pcap' ? given.capture : undefined,
        stateFile: given.state === undefined ? undefined : String(given.state),
        db: String(given.db),
        rundir: directories(process.env).run,
        timeoutMs: readMilliseconds(String(given.timeout)),
      });
    });
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError(`--samples=${text}: give a whole number above 0`);
  return count;
}
