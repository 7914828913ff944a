import type { ProgramResult, RunProgram } from '../../src/cni/program.js';

interface Pair {
  readonly host: string;
  readonly ifName: string;
  readonly netns: string;
  readonly hostMac: string;
  mac: string;
  isUp: boolean;
  addresses: string[];
  gateways: string[];
}

/**
 * Stands in for the kernel's interfaces, which need root: a program runner that knows the commands of the plugin, keeps
 * veth pairs, and can be made to fail. The system tests run the same commands in namespaces.
 */
export class FakeKernel {
  /** Every command that changed something, or tried. */
  readonly changes: string[] = [];
  readonly pairs = new Map<string, Pair>();
  /** A command that matches fails with this text on standard error. */
  fault: { readonly command: RegExp; readonly stderr: string } | undefined;

  private held: { readonly command: RegExp; readonly wait: () => Promise<void> } | undefined;

  /** Holds a command that matches until it is released; `reached` resolves when it has begun. */
  hold(command: RegExp): { readonly reached: Promise<void>; release(): void } {
    let release: (() => void) | undefined;
    let reach: (() => void) | undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const wait = () => {
      reach?.();
      return released;
    };
    this.held = { command, wait };
    return { reached, release: () => release?.() };
  }

  readonly run: RunProgram = async (program, args, input = '') => {
    const command = [program, ...args].join(' ');
    const isRead = args.includes('show');
    if (!isRead) this.changes.push(command);
    const { held } = this;
    if (held?.command.test(command)) {
      this.held = undefined;
      await held.wait();
    }
    if (this.fault?.command.test(command)) return failed(this.fault.stderr);
    if (program === 'nsenter') return this.inside(args, input);
    const [first = '', second = '', name = ''] = args;
    if (isRead) {
      const host = args.at(-1) ?? '';
      const pair = this.pairs.get(host);
      return pair !== undefined
        ? succeeded(JSON.stringify([{ ifname: host, address: pair.hostMac }]))
        : failed(`Device "${host}" does not exist.`);
    }
    if (`${first} ${second}` === 'link del')
      return this.pairs.delete(name) ? succeeded() : failed(`Cannot find device "${name}"`);
    return this.create(args);
  };

  private create(args: readonly string[]): ProgramResult {
    const after = (word: string) => args[args.lastIndexOf(word) + 1] ?? '';
    const [, , host = ''] = args;
    const [ifName, netns] = [after('name'), after('netns')];
    const isTaken = [...this.pairs.values()].some((one) => one.ifName === ifName && one.netns === netns);
    if (isTaken || this.pairs.has(host)) return failed('RTNETLINK answers: File exists');
    this.pairs.set(host, {
      ...{ host, ifName, netns, hostMac: after('address'), mac: '' },
      ...{ isUp: false, addresses: [], gateways: [] },
    });
    return succeeded();
  }

  /** nsenter --net=NETNS -- ip -j … | ip -batch - | sh -c '… exec ip -batch -' … | ethtool … */
  private inside([net = '', , ...argv]: readonly string[], input: string): ProgramResult {
    const netns = net.replace('--net=', '');
    const pair = [...this.pairs.values()].find((one) => one.netns === netns);
    if (pair === undefined) return failed('Device "eth0" does not exist.');
    if (argv.join(' ').includes('ip -batch -')) this.configure(pair, input);
    if (!argv.includes('show')) return succeeded();
    const { mac, isUp, addresses, gateways } = pair;
    if (argv.includes('address')) {
      const addr_info = addresses.map((text) => {
        const [local, prefixlen] = text.split('/');
        return { local, prefixlen: Number(prefixlen) };
      });
      return succeeded(JSON.stringify([{ address: mac, flags: isUp ? ['UP'] : [], addr_info }]));
    }
    const isV6 = argv.includes('-6');
    const own = gateways.filter((gateway) => gateway.includes(':') === isV6);
    // ip prints nothing at all for a table that is empty.
    return succeeded(own.length === 0 ? '' : JSON.stringify(own.map((gateway) => ({ gateway }))));
  }

  private configure(pair: Pair, batch: string): void {
    for (const line of batch.split('\n')) {
      const words = line.split(' ');
      if (line.startsWith(`link set dev ${pair.ifName} address`)) pair.mac = words[5] ?? '';
      if (line === `link set dev ${pair.ifName} up`) pair.isUp = true;
      if (line.startsWith('address add')) pair.addresses.push(words[2] ?? '');
      if (line.startsWith('route add default via')) pair.gateways.push(words[4] ?? '');
    }
  }
}

function succeeded(stdout = ''): ProgramResult {
  return { stdout, failure: undefined };
}

function failed(failure: string): ProgramResult {
  return { stdout: '', failure };
}
