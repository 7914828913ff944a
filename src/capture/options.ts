import { type Command, Option } from 'commander';
import { directories, localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';
import type { CaptureMethod } from './open.js';

/** How to read the packets of an interface, and where to read the gateway's state. */
export interface CaptureSettings {
  /** `undefined`: the ring, and libpcap if the kernel refuses the ring. */
  readonly method: CaptureMethod | undefined;
  readonly stateFile: string | undefined;
  readonly db: string;
  readonly rundir: string;
  readonly timeoutMs: number;
}

/** Adds the options of commands that read packets. `asked` names what `--timeout` bounds. */
export function addCaptureOptions(command: Command, asked: string): Command {
  return command
    .addOption(
      new Option(
        '--capture <method>',
        'how to read packets (default: ring, and pcap if the kernel has no ring)',
      ).choices(['ring', 'pcap']),
    )
    .option(
      '--state <file>',
      'read the state of the gateway from a file, as state/show of the helper prints it',
    )
    .option('--db <database>', "the local switch's database", localDatabase(process.env))
    .option('--timeout <seconds>', `how long to wait for ${asked}`, '5');
}

/** @throws UsageError */
export function readCaptureOptions(given: Record<string, unknown>): CaptureSettings {
  return {
    method: given.capture === 'ring' || given.capture === 'pcap' ? given.capture : undefined,
    stateFile: given.state === undefined ? undefined : String(given.state),
    db: String(given.db),
    rundir: directories(process.env).run,
    timeoutMs: readMilliseconds(String(given.timeout)),
  };
}
