// `npm run soak`: pods, services, endpoints and faults at random on real hosts, under traffic that is probed all the time.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { failInOneLine } from '../../lab/failure.js';
import { FAULTS } from '../../lab/faults/all.js';
import { FaultStage } from '../../lab/faults/stage.js';
import { PROJECT } from '../../lab/project.js';
import { formatSoak, isWell } from './report.js';
import { soak } from './soak.js';

const DEFAULTS = { minutes: '30', seed: '1' };
const options = new Command('npm run soak --')
  .description('play a random history of pods, services and faults, and report each outage and what grew')
  .option('--minutes <minutes>', 'how long', DEFAULTS.minutes)
  .option('--seed <number>', 'the same seed plays the same history', DEFAULTS.seed)
  .option('--write', 'write the report to bench/report/soak.md')
  .parse()
  .opts<{ minutes: string; seed: string; write?: true }>();

failInOneLine('soak', 'run it as root, after npm run build');
const stage = await FaultStage.start();
const result = await soak(stage, FAULTS, {
  durationMs: Number(options.minutes) * 60_000,
  seed: Number(options.seed),
  log: (line) => process.stderr.write(`${line}\n`),
});
const report = formatSoak(result);
process.stdout.write(report);
if (options.write) {
  mkdirSync(join(PROJECT, 'bench/report'), { recursive: true });
  writeFileSync(join(PROJECT, 'bench/report/soak.md'), report);
}
stage.dispose();
process.exit(isWell(result) ? 0 : 1);
