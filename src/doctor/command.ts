// ovn-k8s-util doctor: what is wrong with this host and its place in the cluster, with a remedy for each problem.
// gather.ts reads all facts (facts/), examine.ts runs the checks (checks/) on them, report.ts prints the findings.
// A check is pure: its tests change one fact of a healthy host.
import type { Command } from 'commander';
import { directories, localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';

/** Adds `doctor` to `ovn-k8s-util`. */
export function addDoctor(command: Command): void {
  command
    .command('doctor')
    .description('check this host and its place in the cluster, and name a remedy for each problem')
    .option('--json', 'one JSON object instead of text')
    .option('--db <database>', 'the local switch', localDatabase(process.env))
    .option('--timeout <seconds>', 'how long each fact may take', '5')
    .action(async (given: Record<string, unknown>) => {
      const timeoutMs = readMilliseconds(String(given.timeout));
      const [{ gatherFacts }, { askNodes }, { examine }, report] = await Promise.all([
        import('./gather.js'),
        import('./echo.js'),
        import('./examine.js'),
        import('./report.js'),
      ]);
      const facts = await gatherFacts({
        db: String(given.db),
        timeoutMs,
        directories: directories(process.env),
        env: process.env,
        now: () => new Date(),
        echo: askNodes,
      });
      const found = examine(facts);
      process.stdout.write(given.json === true ? report.reportJson(found) : report.formatReport(found));
      if (report.hasFailed(found)) process.exitCode = 1;
    });
}
