import { Kept } from '../daemon/kept.js';
import type { Problems } from '../daemon/problems.js';
import { sleep } from '../daemon/sleep.js';
import type { Source } from '../daemon/source.js';
import { Wakeup } from '../daemon/wakeup.js';
import { explainError } from '../net/errors.js';
import type { PortRange } from '../net/ports.js';
import { readEphemeralRange } from './ephemeral_ports.js';
import { type HostSocket, readHostSockets } from './sockets.js';

/** The ports that the host uses itself. */
export interface HostPorts {
  readonly sockets: readonly HostSocket[];
  readonly ephemeral: PortRange;
}

/** The ports as they were found for those that services want. */
interface LookedPorts {
  readonly wanted: string;
  readonly ports: HostPorts;
}

export interface HostPortSourceOptions {
  readonly problems: Pick<Problems, 'set'>;
  readonly changed: () => void;
  /** Reads the host's ports: `ss`, unless a test gives another. */
  readonly read?: () => Promise<HostPorts>;
}

/**
 * Milliseconds until the next look if nobody asks for one (`quiet`), and at least (`busy`): an author of Services can
 * change a port again and again, and each look starts a process.
 */
const AGAIN_MS = { quiet: 60_000, busy: 1_000 } as const;

/** The ports that the host uses itself. They are read only while a service wants a port of the host's address. */
export class HostPortSource implements Source {
  private readonly wakeup = new Wakeup();
  private wanted = '';
  private readonly looked = new Kept<LookedPorts | undefined>(undefined);

  constructor(private readonly options: HostPortSourceOptions) {}

  /**
   * Says which ports services want; asks for a look if they are others than before.
   * @returns the host's ports, if they were read for these
   */
  portsFor(wanted: readonly string[]): HostPorts | undefined {
    const text = wanted.join();
    if (text !== this.wanted) {
      this.wanted = text;
      this.look();
    }
    const looked = this.looked.value;
    return looked?.wanted === text ? looked.ports : undefined;
  }

  /** Asks for a look: a program may have begun to listen. */
  look(): void {
    if (this.wanted !== '') this.wakeup.ring();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.wanted !== '') {
        await this.read();
        await sleep(AGAIN_MS.busy, signal);
      }
      await this.wakeup.wait(AGAIN_MS.quiet, signal);
    }
  }

  private async read(): Promise<void> {
    const { problems, changed, read = readHostPorts } = this.options;
    const { wanted } = this;
    try {
      const ports = await read();
      problems.set('host ports', []);
      const before = this.looked.value;
      if (this.looked.keep({ wanted, ports }) !== before) changed();
    } catch (error) {
      // The last look keeps its value; ports that came since are not served.
      problems.set('host ports', [`the host's sockets cannot be read: ${explainError(error)}`]);
    }
  }
}

async function readHostPorts(): Promise<HostPorts> {
  return { sockets: await readHostSockets(), ephemeral: readEphemeralRange() };
}
