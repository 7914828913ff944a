import { type Command, Option } from 'commander';
import { directories, localDatabase } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';
import type { CaptureWay } from './open.js';

/** How the packets of an interface are read, and where the gateway's state comes from. */
export interface CaptureSettings {
  /** `undefined`: a ring, and libpcap where the kernel has none. */
  readonly way: CaptureWay | undefined;
  readonly stateFile: string | undefined;
  readonly db: string;
  readonly rundir: string;
  readonly timeoutMs: number;
}

/** Adds the options of commands that read packets; `asked`: who may take `--timeout`. */
export function addCaptureOptions(command: Command, asked: string): Command {
  return command
    .addOption(
      new Option(
        '--capture <way>',
        'how packets are read (default: ring, and pcap where the kernel has none)',
      ).choices(['ring', 'pcap']),
    )
    .option('--state <file>', 'the state of the gateway, as state/show of the helper prints it')
    .option('--db <database>', 'the local switch', localDatabase(process.env))
    .option('--timeout <seconds>', `how long ${asked} may take`, '5');
}

/** @throws UsageError */
export function readCaptureOptions(given: Record<string, unknown>): CaptureSettings {
  return {
    way: given.capture === 'ring' || given.capture === 'pcap' ? given.capture : undefined,
    stateFile: given.state === undefined ? undefined : String(given.state),
    db: String(given.db),
    rundir: directories(process.env).run,
    timeoutMs: readMilliseconds(String(given.timeout)),
  };
}
