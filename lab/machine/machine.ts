import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ROUTER } from '../cluster.js';
import type { Lab } from '../lab.js';
import { cable } from '../link.js';
import { killNamespace, type Namespace, type Outcome } from '../namespace.js';
import { until, when } from '../until.js';
import { Container } from './container.js';
import { Disk, type FileContent } from './disk.js';
import { NETWORKS, type NetworkName } from './network.js';
import { type Suite, treeOf } from './tree.js';

/** Milliseconds in which a machine boots. */
const BOOT_MS = 60_000;

export interface MachineOptions {
  readonly lab: Lab;
  /** Where the bridge `lan` is, the network of the machine's NIC. */
  readonly outside: Namespace;
  readonly label: string;
  readonly suite: Suite;
  readonly network: NetworkName;
  /** The last part of its static addresses, 203.0.113.N and 2001:db8::N. */
  readonly n?: number;
}

/**
 * A machine that boots: systemd as process 1 of a container (systemd-nspawn(1)), with one NIC, eth0, on the lab's LAN.
 *
 * Each boot has a network namespace of its own. Like a reboot, a new namespace keeps no address, rule or sysctl of the
 * boot before. The NIC keeps its MAC.
 */
export class Machine {
  readonly v4: string;
  readonly v6: string;
  readonly mac: string;
  #container: Container | undefined;
  #boots = 0;
  #net: Namespace | undefined;

  private constructor(
    private readonly options: MachineOptions,
    private readonly disk: Disk,
  ) {
    const { n = 20 } = options;
    this.v4 = `203.0.113.${n}`;
    this.v6 = `2001:db8::${n}`;
    this.mac = `0a:58:cb:00:71:${n.toString(16).padStart(2, '0')}`;
  }

  /** Makes a machine as it is on day one, and leaves it off. */
  static async make(options: MachineOptions): Promise<Machine> {
    const { lab, label, suite, network } = options;
    const { tree, packages, files } = NETWORKS[network];
    const disk = await Disk.over(await treeOf(suite, tree, packages), join(lab.dir, label));
    const machine = new Machine(options, disk);
    await disk.write({
      ...files({ v4: machine.v4, v6: machine.v6, router: ROUTER }),
      ...SYSFS_UNIT,
      'etc/hostname': `${label}\n`,
      'etc/hosts': `127.0.0.1 localhost\n127.0.1.1 ${label}\n`,
      'etc/machine-id': `${randomBytes(16).toString('hex')}\n`,
      'etc/resolv.conf': '',
    });
    return machine;
  }

  /** The namespace of the current boot. */
  get net(): Namespace {
    if (this.#net === undefined) throw new Error(`${this.options.label} is off`);
    return this.#net;
  }

  get #running(): Container {
    if (this.#container === undefined) throw new Error(`${this.options.label} is off`);
    return this.#container;
  }

  /** Starts the machine; resolves when its process 1 runs, long before its services do. */
  async start(): Promise<void> {
    this.#boots += 1;
    this.#net = await this.#plug();
    this.#container = await Container.start(this.disk, this.#net);
  }

  /** Waits until systemd has started all that the boot consists of, well or not. */
  async booted(): Promise<void> {
    await this.waitFor(
      'the boot to end',
      async () => {
        const { stdout } = await this.attempt('systemctl', 'is-system-running', '--wait');
        return when(['running', 'degraded'].includes(stdout));
      },
      BOOT_MS,
    );
  }

  /** Runs a command in the machine and returns its standard output; rejects if it fails. */
  run(...argv: readonly string[]): Promise<string> {
    return this.feed('', ...argv);
  }

  /** Runs a command in the machine with this standard input and returns its standard output; rejects if it fails. */
  async feed(input: string, ...argv: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#running.attempt(argv, input);
    if (exitCode !== 0) throw new Error(`${argv.join(' ')} exited with ${exitCode}: ${stderr || stdout}`);
    return stdout;
  }

  /** Runs a command in the machine; resolves with any exit code. */
  attempt(...argv: readonly string[]): Promise<Outcome> {
    return this.#running.attempt(argv);
  }

  /** Waits for a condition; the error after the deadline has the end of the journal. */
  async waitFor<T>(
    what: string,
    ask: () => Promise<T | undefined> | T | undefined,
    deadlineMs = 10_000,
  ): Promise<T> {
    try {
      return await until(`${this.options.label}: ${what}`, ask, deadlineMs);
    } catch (error) {
      const { stdout } = await this.attempt(
        'journalctl',
        '--boot',
        '--no-pager',
        '--lines=60',
        '--output=short-monotonic',
      );
      throw new Error(
        `${error instanceof Error ? error.message : error}\n${stdout || this.#running.console}`,
      );
    }
  }

  /** Returns the lines of the journal of this boot, of one unit or of all. */
  async journal(unit?: string): Promise<string> {
    const of = unit === undefined ? [] : [`--unit=${unit}`];
    return this.run('journalctl', '--boot', '--no-pager', '--output=short-monotonic', ...of);
  }

  /** Returns when this boot reached a unit, in milliseconds since 1970. */
  async entered(unit: string): Promise<number> {
    const microseconds = await this.run(
      'systemctl',
      'show',
      '--value',
      '--property=ActiveEnterTimestampMonotonic',
      unit,
    );
    if (microseconds === '0') throw new Error(`${unit} was not reached`);
    // CLOCK_MONOTONIC inside is that outside.
    return Date.now() - (Number(process.hrtime.bigint()) / 1e6 - Number(microseconds) / 1e3);
  }

  /** Returns the global IPv4 address of a device; `undefined` if it has none yet. */
  async address4(device: string): Promise<string | undefined> {
    const { stdout } = await this.attempt(
      'ip',
      '-json',
      '-4',
      'address',
      'show',
      'dev',
      device,
      'scope',
      'global',
    );
    const [link] = JSON.parse(stdout || '[]') as {
      readonly addr_info?: readonly { readonly local: string }[];
    }[];
    return link?.addr_info?.[0]?.local;
  }

  /** Returns the path of a file of the running machine, as seen from outside. */
  path(file: string): string {
    return this.#running.path(file);
  }

  /** Writes files while the machine is off. */
  write(files: Readonly<Record<string, FileContent>>): Promise<void> {
    return this.disk.write(files);
  }

  /** Powers off in good order, as an operator does. */
  async powerOff(): Promise<void> {
    await this.attempt('systemctl', '--no-block', 'poweroff');
    await this.#ended();
  }

  /** Kills process 1 and with it all others. The disk keeps what was written, since the kernel outside lives on. */
  async powerLoss(): Promise<void> {
    this.#running.kill();
    await this.#ended();
  }

  /** Powers off and starts again; resolves when process 1 runs. */
  async reboot(): Promise<void> {
    await this.powerOff();
    await this.start();
  }

  async #ended(): Promise<void> {
    await this.#running.ended();
    // Both ends go at once; those of a deleted namespace go some time later.
    await this.options.outside.ip(`link del dev ${this.options.label}`);
    killNamespace(this.net.name);
    this.#container = undefined;
    this.#net = undefined;
  }

  /** Makes the namespace of a boot, with a NIC on the LAN. */
  async #plug(): Promise<Namespace> {
    const { lab, outside, label } = this.options;
    const net = await lab.namespace(`${label}-${this.#boots}`);
    await cable({ in: net, name: 'eth0', mac: this.mac }, { in: outside, name: label });
    await outside.ip(`link set dev ${label} master lan`);
    await net.ip('link set dev eth0 down', 'link set dev lo down');
    return net;
  }
}

/**
 * /sys of a container shows the network namespace in which systemd-nspawn was started. Programs that look for devices
 * there, as NetworkManager does, need the machine's own.
 */
const SYSFS_UNIT: Readonly<Record<string, FileContent>> = {
  'etc/systemd/system/lab-sysfs.service': `[Unit]
DefaultDependencies=no
Before=sysinit.target
[Service]
Type=oneshot
ExecStart=mkdir -p /run/sysfs
ExecStart=mount -t sysfs -o ro sysfs /run/sysfs
ExecStart=mount --bind /run/sysfs/class/net /sys/class/net
ExecStart=mount --bind /run/sysfs/devices/virtual/net /sys/devices/virtual/net
`,
  'etc/systemd/system/sysinit.target.wants/lab-sysfs.service': {
    link: '/etc/systemd/system/lab-sysfs.service',
  },
};
