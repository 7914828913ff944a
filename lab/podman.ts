import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Host } from './host.js';

/** The name of the network that podman sets up with the plugin. */
const NETWORK = 'ovn-kubernetes';
/** Folders and links of the container's root, which runs this machine's own programs. */
const FOLDERS = ['usr', 'proc', 'dev', 'sys', 'etc', 'run', 'tmp'];
const LINKS = ['bin', 'lib', 'lib64', 'sbin'];

/**
 * Podman on a host of the lab. It runs the plugin that `minion-init` linked with libcni, the library of all runtimes,
 * and needs a list of plugins as configuration.
 */
export class Podman {
  private constructor(
    private readonly dir: string,
    private readonly enter: readonly string[],
  ) {}

  static on({ dir, db, net }: Host): Podman {
    const podman = new Podman(prepare(join(dir, 'podman'), join(dir, 'cni-bin')), [
      // `ip netns exec` would replace /sys, which a container needs.
      ...['nsenter', `--net=/run/netns/${net.name}`],
    ]);
    const list = { cniVersion: '1.0.0', name: NETWORK, plugins: [{ type: 'ovn_cni', db }] };
    writeFileSync(join(dir, 'podman/net.d/10-ovn.conflist'), JSON.stringify(list));
    return podman;
  }

  /** Returns why this machine cannot run a container, or `undefined` if it can. */
  static missing(): string | undefined {
    const dir = mkdtempSync(join(tmpdir(), 'podman-'));
    try {
      const podman = new Podman(prepare(join(dir, 'podman'), dir), []);
      const [command = '', ...args] = podman.argv('run', '--rm', '--network=none', ...podman.image, 'true');
      execFileSync(command, args, { env: podman.env, stdio: 'pipe', timeout: 30_000 });
      return undefined;
    } catch (error) {
      // The message ends with what podman printed.
      return String(error).trim().split('\n').at(-1);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  }

  /** Starts a container on the plugin's network. */
  async start(name: string): Promise<void> {
    await this.run(
      'run',
      '--detach',
      `--name=${name}`,
      `--network=${NETWORK}`,
      ...this.image,
      'sleep',
      'inf',
    );
  }

  exec(name: string, ...argv: readonly string[]): Promise<string> {
    return this.run('exec', name, ...argv);
  }

  async remove(name: string): Promise<void> {
    await this.run('rm', '--force', '--time=0', name);
  }

  private async run(...args: readonly string[]): Promise<string> {
    const [command = '', ...rest] = [...this.enter, ...this.argv(...args)];
    const { stdout } = await execa(command, rest, { env: this.env, timeout: 60_000, stdin: 'ignore' });
    return stdout;
  }

  private get env() {
    return { ...process.env, CONTAINERS_CONF: join(this.dir, 'containers.conf') };
  }

  private get image(): string[] {
    return ['--volume=/usr:/usr:ro', '--rootfs', join(this.dir, 'rootfs')];
  }

  private argv(...args: readonly string[]): string[] {
    const at = (name: string) => join(this.dir, name);
    const places = [`--root=${at('root')}`, `--runroot=${at('run')}`, `--tmpdir=${at('tmp')}`];
    return ['podman', ...places, '--storage-driver=vfs', '--runtime=runc', '--log-level=error', ...args];
  }
}

function prepare(dir: string, plugins: string): string {
  const rootfs = join(dir, 'rootfs');
  for (const folder of FOLDERS) mkdirSync(join(rootfs, folder), { recursive: true });
  for (const link of LINKS) symlinkSync(`usr/${link}`, join(rootfs, link));
  mkdirSync(join(dir, 'net.d'));
  writeFileSync(
    join(dir, 'containers.conf'),
    [
      '[network]',
      'network_backend = "cni"',
      `cni_plugin_dirs = ["${plugins}"]`,
      `network_config_dir = "${join(dir, 'net.d')}"`,
      '[engine]',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "none"',
      '[containers]',
      'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
      '',
    ].join('\n'),
  );
  return dir;
}
