import { Wakeup } from '../daemon/wakeup.js';
import { type LocalAddress, readAddresses } from '../host/addresses.js';
import { watchNetlink } from '../native.js';
import { explainError } from '../net/errors.js';

/** The addresses are asked for again this often whatever happens, and after a question that failed. */
const AGAIN_MS = { news: 60_000, failure: 1_000 } as const;

/** The addresses that the kernel has on an interface, followed: asked for anew when something has changed. */
export class AddressSource {
  private readonly wakeup = new Wakeup();
  private why: string | undefined;

  private constructor(
    private readonly name: string,
    private found: readonly LocalAddress[],
    private readonly changed: () => void,
  ) {}

  /** @throws ProductError `ERR_IP_ADDRESS` when they cannot be listed even once */
  static async open(name: string, changed: () => void, signal: AbortSignal): Promise<AddressSource> {
    const source = new AddressSource(name, await readAddresses(name), changed);
    void source.follow(signal);
    return source;
  }

  get addresses(): readonly LocalAddress[] {
    return this.found;
  }

  /** Why they are not known as they are now. */
  get problem(): string | undefined {
    return this.why;
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const netlink = watchNetlink(['link', 'ipv4-ifaddr', 'ipv6-ifaddr'], this.wakeup.ring);
    while (!signal.aborted) {
      await this.wakeup.wait(this.why === undefined ? AGAIN_MS.news : AGAIN_MS.failure, signal);
      if (signal.aborted) break;
      try {
        this.found = await readAddresses(this.name);
        this.why = undefined;
      } catch (error) {
        this.why = explainError(error);
      }
      this.changed();
    }
    netlink.close();
  }
}
