import { type Command, Option } from 'commander';
import { directories, localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';

/** Adds `audit` to `ovn-k8s-util`. */
export function addAudit(command: Command): void {
  command
    .command('audit')
    .description('compare what arrives on the NIC, by class, with what the switch says it delivered')
    .option('--seconds <seconds>', 'how long to compare', '10')
    .option('--json', 'one JSON object instead of text')
    .addOption(
      new Option(
        '--capture <way>',
        'how packets are read (default: ring, and pcap where the kernel has none)',
      ).choices(['ring', 'pcap']),
    )
    .option('--state <file>', 'the state of the gateway, as state/show of the helper prints it')
    .option('--db <database>', 'the local switch', localDatabase(process.env))
    .option('--timeout <seconds>', 'how long the helper, the database and the switch may take', '5')
    .action(async (given: Record<string, unknown>) => {
      const { runAudit } = await import('./run.js');
      const { auditJson, formatAudit } = await import('./report.js');
      const verdicts = await runAudit({
        durationMs: readMilliseconds(String(given.seconds), '--seconds'),
        way: given.capture === 'ring' || given.capture === 'pcap' ? given.capture : undefined,
        stateFile: given.state === undefined ? undefined : String(given.state),
        db: String(given.db),
        rundir: directories(process.env).run,
        timeoutMs: readMilliseconds(String(given.timeout)),
      });
      process.stdout.write(given.json === true ? auditJson(verdicts) : formatAudit(verdicts));
      if (verdicts.some(({ agrees }) => !agrees)) process.exitCode = 1;
    });
}
