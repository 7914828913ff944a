import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.js';
import type { Outcome } from './namespace.js';
import { executable } from './project.js';

/** A command with which a program changed the kernel. */
export interface Call {
  /** Counted from 1. */
  readonly number: number;
  /** The command with its arguments. */
  readonly command: string;
  /** The number of lines of its batch; 1 for a command without a batch. */
  readonly lines: number;
}

/** The place and the kind of a fault. */
export interface Fault {
  readonly call: number;
  /** The number of the call's lines that are executed before the fault. */
  readonly afterLines: number;
  /** `kill` kills the program that made the call; `fail` makes the call fail. */
  readonly kind: 'kill' | 'fail';
}

const TOOLS = ['ip', 'nft', 'nsenter'];

/** Stand-ins for the tools that the product runs. They log each change, and run the real tool until a fault. */
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

  /** Runs an executable to its end; resolves with any exit code, -1 if it was killed. */
  async run(program: string, args: readonly string[], fault?: Fault): Promise<Outcome> {
    const argv = ['env', ...this.environment(fault), process.execPath, executable(program), ...args];
    return this.host.net.attempt(argv);
  }

  /** Returns arguments for env(1) that put the stand-ins in the path; the count of calls starts again. */
  environment(fault?: Fault): string[] {
    rmSync(this.log, { force: true });
    const path = this.host.net.env.PATH ?? '';
    return [
      ...[`PATH=${this.dir}:${path}`, `REAL_PATH=${path}`, `LOG=${this.log}`],
      ...[`FAULT=${fault?.kind ?? ''}`, `CALL=${fault?.call ?? 0}`, `AFTER=${fault?.afterLines ?? 0}`],
    ];
  }

  /** Returns the changes that the last run made or tried to make. */
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

/** Passes on a command that only reads. Logs a change; executes it completely, or in part if it has the fault. */
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
    if [ "$1" = -6 ]; then ip -6 -batch "$batch.part"; else ip -batch "$batch.part"; fi
    rm "$batch.part"
  else
    "$me" "$@"
  fi
fi
[ "$FAULT" = fail ] || kill -KILL "$PPID"
echo 'made to fail' >&2
exit 1
`;

/** Returns faults before and after each call, and after every `step` lines of it. */
export function faultsIn(calls: readonly Call[], kind: Fault['kind'], step: number): Fault[] {
  return calls.flatMap(({ number, lines }) => {
    const between = Array.from({ length: Math.ceil(lines / step) }, (_, index) => index * step);
    return [...between, lines].map((afterLines) => ({ call: number, afterLines, kind }));
  });
}
