import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeWhole, writeWhole } from '../daemon/whole_file.js';
import { EPHEMERAL, readEphemeralRange } from '../host/ephemeral_ports.js';
import { requireSysctl, sysctlPath } from '../host/sysctls.js';
import { ProductError } from '../net/errors.js';
import { formatPortRange, type PortRange, parsePortRange } from '../net/ports.js';
import { makeDirectory } from './directory.js';

const RESERVED = 'net.ipv4.ip_local_reserved_ports';
/** systemd-sysctl reads this file at boot (sysctl.d(5)). */
const FILE = '60-ovn-k8s-gateway.conf';
/** Lines of the file: the pods' ports, and the host's former ephemeral range. */
const RANGE = /^# .*: (\d+)-(\d+) are the pods'\.$/m;
const FORMER = /^# It was (\d+) (\d+)\.$/m;

/**
 * Returns the ports that the kernel assigns to no connection (`ip_local_reserved_ports`, ip-sysctl.rst of the
 * kernel).
 */
export function readReservedPorts(): PortRange[] {
  return parseReserved(requireSysctl(RESERVED));
}

/**
 * Reserves the ports of `range` for the pods, now and after a reboot. Gives the host back the ports of `former` and
 * those that an interrupted run reserved.
 * @param ephemeral the host's new ephemeral range; if `undefined`, the host gets back the one that an earlier run changed
 * @throws ProductError `ERR_SYSCTL`
 */
export function reserveHostPorts({
  range,
  former,
  ephemeral,
  sysctlDir,
}: {
  readonly range: PortRange | undefined;
  readonly former: PortRange | undefined;
  readonly ephemeral: PortRange | undefined;
  readonly sysctlDir: string;
}): void {
  const gone = [former, rangeIn(sysctlDir, RANGE)].filter((one) => one !== undefined);
  const kept = gone.reduce(without, readReservedPorts());
  const reserved = formatReserved(range === undefined ? kept : merged([...kept, range]));
  const before = formerEphemeralRange(sysctlDir);
  const own = ephemeral && { now: ephemeral, former: before ?? readEphemeralRange() };
  const write = () => keep(sysctlDir, range && { range, reserved, ephemeral: own });
  const isGivenBack = range === undefined || (own === undefined && before !== undefined);
  // Only the file knows what to give back, so it is then rewritten last. Otherwise it is written first: if that fails,
  // nothing has changed.
  if (!isGivenBack) write();
  writeSysctl(RESERVED, reserved);
  const wanted = ephemeral ?? before;
  if (wanted !== undefined) writeSysctl(EPHEMERAL, `${wanted.lo} ${wanted.hi}`);
  if (isGivenBack) write();
}

/** Returns whether `gateway-init` has left its file in this directory, or a part of it when it was killed. */
export function isReserved(sysctlDir: string): boolean {
  return existsSync(sysctlDir) && readdirSync(sysctlDir).some((name) => name.startsWith(FILE));
}

/** Reads a list of ports and ranges such as `8080,9148-9150`. */
export function parseReserved(text: string): PortRange[] {
  return text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .map((part) => parsePortRange(part.includes('-') ? part : `${part}-${part}`));
}

/** Returns the list that {@link parseReserved} reads. */
export function formatReserved(ranges: readonly PortRange[]): string {
  return ranges.map((range) => (range.lo === range.hi ? String(range.lo) : formatPortRange(range))).join(',');
}

/** Returns the same ports as the fewest ranges, in ascending order. */
export function merged(ranges: readonly PortRange[]): PortRange[] {
  const result: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.lo - b.lo)) {
    const last = result.at(-1);
    if (last !== undefined && range.lo <= last.hi + 1) {
      result[result.length - 1] = { lo: last.lo, hi: Math.max(last.hi, range.hi) };
    } else {
      result.push(range);
    }
  }
  return result;
}

/** Returns the ports of `ranges` that are not in `gone`. */
export function without(ranges: readonly PortRange[], gone: PortRange): PortRange[] {
  return ranges.flatMap(({ lo, hi }) =>
    [
      { lo, hi: Math.min(hi, gone.lo - 1) },
      { lo: Math.max(lo, gone.hi + 1), hi },
    ].filter((range) => range.lo <= range.hi),
  );
}

/** Returns the host's ephemeral range before an earlier run narrowed it; `undefined` if none did. */
export function formerEphemeralRange(sysctlDir: string): PortRange | undefined {
  return rangeIn(sysctlDir, FORMER);
}

/** @throws ProductError `ERR_SYSCTL` for a line with numbers that are no ports */
function rangeIn(sysctlDir: string, line: RegExp): PortRange | undefined {
  const file = join(sysctlDir, FILE);
  const [, lo, hi] = existsSync(file) ? (line.exec(readFileSync(file, 'utf8')) ?? []) : [];
  if (lo === undefined || hi === undefined) return undefined;
  try {
    return parsePortRange(`${lo}-${hi}`);
  } catch (error) {
    throw new ProductError('ERR_SYSCTL', `${file} has a range that cannot be read; delete its line`, {
      cause: error,
    });
  }
}

/** What the file keeps: the pods' ports, and the values of the two sysctls. */
interface Kept {
  readonly range: PortRange;
  readonly reserved: string;
  readonly ephemeral: { readonly now: PortRange; readonly former: PortRange } | undefined;
}

/** Replaces the file atomically, or removes it. */
function keep(sysctlDir: string, kept: Kept | undefined): void {
  const file = join(sysctlDir, FILE);
  if (kept === undefined) {
    removeWhole(file);
    return;
  }
  const { range, reserved, ephemeral } = kept;
  const lines = [
    `# Written by ovn-k8s-overlay gateway-init: ${formatPortRange(range)} are the pods'.`,
    `${RESERVED} = ${reserved}`,
    ...(ephemeral === undefined
      ? []
      : [
          `# It was ${ephemeral.former.lo} ${ephemeral.former.hi}.`,
          `${EPHEMERAL} = ${ephemeral.now.lo} ${ephemeral.now.hi}`,
        ]),
    '',
  ];
  try {
    makeDirectory(sysctlDir);
    // systemd-sysctl reads only files whose names end with `.conf`.
    writeWhole(file, lines.join('\n'));
  } catch (error) {
    throw new ProductError('ERR_SYSCTL', `cannot write ${file}; give another --sysctl-dir`, { cause: error });
  }
}

function writeSysctl(name: string, value: string): void {
  if (requireSysctl(name).split(/\s+/).join(' ') === value) return;
  try {
    // An empty list is written as an empty line.
    writeFileSync(sysctlPath(name), `${value}\n`);
  } catch (error) {
    throw new ProductError('ERR_SYSCTL', `cannot set ${name} to "${value}"; is this run as root?`, {
      cause: error,
    });
  }
}
