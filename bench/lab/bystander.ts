import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROJECT } from '../../lab/project.js';

/**
 * A process beside the one that is measured, which does what it is sent and answers how many milliseconds that took.
 * Nothing is started by the one that is measured: after a fork each page that it writes to is a fault.
 */
export class Bystander<Request extends string | readonly string[]> {
  private constructor(private readonly child: ChildProcess) {}

  /** Of other processes, each started by its command line. */
  static ofProcesses(): Bystander<readonly [string, ...string[]]> {
    return new Bystander(start('dist/process_agent.js'));
  }

  /** Of messages on a bare OpenFlow socket, each a number of octets in hexadecimal digits that ends with a barrier. */
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
