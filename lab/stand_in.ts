import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.js';
import type { Outcome } from './namespace.js';
import { executable } from './project.js';

/** One of the commands by which a program changed the kernel. */
export interface Call {
  /** Counted from 1. */
  readonly number: number;
  /** With its arguments. */
  readonly command: string;
  /** How many lines its batch had; 1 for a command that is no batch. */
  readonly lines: number;
}

/** Where a fault is, and what it is. */
export interface Fault {
  readonly call: number;
  /** So many lines of the call are done before. */
  readonly afterLines: number;
  /** `kill`: the program that made the call is killed; `fail`: the call fails. */
  readonly kind: 'kill' | 'fail';
}

const TOOLS = ['ip', 'nft', 'nsenter'];

/** Tools for one of the product's executables, which do what those do until they are told otherwise. */
export class StandIns {
  private constructor(
    private readonly host: Host,
    private readonly dir: string,
  ) {}

  static on(host: Host): StandIns {
    const dir = join(host.dir, 'stand-ins');
    mkdirSync(dir);
    for (const name of TOOLS) writeFileSync(join(dir, name), SCRIPT, { mode: 0o755 });
    return new StandIns(host, dir);
  }

  /** Runs an executable to its end, whatever that is; -1 is the exit code of one that was killed. */
  async run(program: string, args: readonly string[], fault?: Fault): Promise<Outcome> {
    const argv = ['env', ...this.environment(fault), process.execPath, executable(program), ...args];
    return this.host.net.attempt(argv);
  }

  /** For `env`: has what it runs find the tools here; calls are counted anew. */
  environment(fault?: Fault): string[] {
    rmSync(this.log, { force: true });
    const path = this.host.net.env.PATH ?? '';
    return [
      ...[`PATH=${this.dir}:${path}`, `REAL_PATH=${path}`, `LOG=${this.log}`],
      ...[`FAULT=${fault?.kind ?? ''}`, `CALL=${fault?.call ?? 0}`, `AFTER=${fault?.afterLines ?? 0}`],
    ];
  }

  /** The changes that the last run has made, or tried. */
  calls(): Call[] {
    return readFileSync(this.log, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line, index) => {
        const [lines = '', ...command] = line.split(' ');
        return { number: index + 1, lines: Number(lines), command: command.join(' ') };
      });
  }

  private get log(): string {
    return join(this.dir, 'calls');
  }
}

/** What only looks is passed on; a change is logged, and the one at fault done in part. */
const SCRIPT = `#!/bin/sh
me=\${0##*/}
PATH=$REAL_PATH
batch=
case "$me $*" in
  'ip -'*batch*) for batch; do :; done; lines=$(wc -l <"$batch") ;;
  'ip link set '* | 'ip link add '* | 'ip link del '* | 'nft -f -' | 'nsenter '*) lines=1 ;;
  *) exec "$me" "$@" ;;
esac
echo "$lines $me $*" >>"$LOG"
[ "$FAULT" ] && [ "$(wc -l <"$LOG")" -eq "$CALL" ] || exec "$me" "$@"
if [ "$AFTER" -gt 0 ]; then
  if [ "$batch" ]; then
    head -n "$AFTER" "$batch" >"$batch.part"
    case "$*" in *-6*) ip -6 -batch "$batch.part" ;; *) ip -batch "$batch.part" ;; esac
    rm "$batch.part"
  else
    "$me" "$@"
  fi
fi
[ "$FAULT" = fail ] || kill -KILL "$PPID"
echo 'made to fail' >&2
exit 1
`;

/** Before each call and after it, and between its lines in steps that are not too many. */
export function faultsIn(calls: readonly Call[], kind: Fault['kind'], step: number): Fault[] {
  return calls.flatMap(({ number, lines }) => {
    const between = Array.from({ length: Math.ceil(lines / step) }, (_, index) => index * step);
    return [...between, lines].map((afterLines) => ({ call: number, afterLines, kind }));
  });
}
