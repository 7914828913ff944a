import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROJECT } from '../../lab/project.js';

/**
 * A process that executes requests and reports how many milliseconds each took. The measured process starts nothing
 * itself: after a fork, its first write to each page would be a page fault.
 */
export class Bystander<Request extends string | readonly string[]> {
  private constructor(private readonly child: ChildProcess) {}

  /** Makes a bystander that times processes, each given by its command line. */
  static ofProcesses(): Bystander<readonly [string, ...string[]]> {
    return new Bystander(start('dist/process_agent.js'));
  }

  /** Makes a bystander that times messages on a bare OpenFlow socket: hexadecimal digits with a barrier at the end. */
  static ofMessages(socket: string): Bystander<string> {
    return new Bystander(start('bench/lab/flow_mod_agent.mjs', socket));
  }

  async time(request: Request): Promise<number> {
    this.child.send(request);
    const [took] = await once(this.child, 'message');
    return took;
  }

  end(): void {
    this.child.disconnect();
  }
}

function start(agent: string, ...args: readonly string[]): ChildProcess {
  const child = fork(join(PROJECT, agent), args);
  child.once('exit', (code) => {
    if (code !== 0) child.emit('error', new Error(`${agent} ended with ${code}`));
  });
  return child;
}
