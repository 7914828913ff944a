import type { Command } from 'commander';
import { addCaptureOptions, readCaptureOptions } from '../capture/options.js';
import { readMilliseconds } from '../daemon/timeout.js';

/** Adds `audit` to `ovn-k8s-util`. */
export function addAudit(command: Command): void {
  const audit = command
    .command('audit')
    .description(
      'compare the packets that arrive on the NIC, by class, with what the switch says it delivered',
    )
    .option('--seconds <seconds>', 'how long to compare', '10')
    .option('--json', 'print one JSON object instead of text');
  addCaptureOptions(audit, 'the helper, the database and the switch').action(
    async (given: Record<string, unknown>) => {
      const { runAudit } = await import('./run.js');
      const { auditJson, formatAudit } = await import('./report.js');
      const comparisons = await runAudit({
        ...readCaptureOptions(given),
        durationMs: readMilliseconds(String(given.seconds), '--seconds'),
      });
      process.stdout.write(given.json === true ? auditJson(comparisons) : formatAudit(comparisons));
      if (comparisons.some(({ agrees }) => !agrees)) process.exitCode = 1;
    },
  );
}
