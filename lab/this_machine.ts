import { execFileSync } from 'node:child_process';
import { cpus, release } from 'node:os';

/** Returns what a report says about this machine, one fact a line. */
export function describeMachine(): string[] {
  const [ovs, ovn] = ['ovs-vswitchd', 'ovn-northd'].map(
    (program) => execFileSync(program, ['--version'], { encoding: 'utf8' }).split('\n')[0] ?? '',
  );
  return [
    `${cpus().length} x ${cpus()[0]?.model}`,
    `Linux ${release()}`,
    `Node ${process.version}`,
    `${ovs}`,
    `${ovn}`,
  ];
}
