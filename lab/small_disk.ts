import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from './host.js';
import { signal } from './namespace.js';
import { accepting } from './ovsdb_server.js';
import { until, when } from './until.js';

/** The size of the disk, in bytes: more than a database and its growth during a test. */
const SIZE = 1024 * 1024;
/** A tmpfs allocates pages of this many bytes. */
const PAGE = 4096;
const MAX_TRIES = 20;
/** A shell script; its arguments are the directory, the database to copy and the socket. */
const SERVE = [
  `mount -t tmpfs -o size=${SIZE} tmpfs "$1"`,
  'cp "$2" "$1/conf.db"',
  'exec ovsdb-server "$1/conf.db" "--remote=punix:$3" --pidfile --log-file -vconsole:off',
].join(' && ');

/**
 * The disk of a host's Open_vSwitch database: a small tmpfs in a mount namespace that only ovsdb-server is in, and that
 * ends with it. It can be filled, so that ovsdb-server cannot write, and freed again.
 */
export class SmallDisk {
  private constructor(
    private readonly dir: string,
    private readonly host: Host,
  ) {}

  /** Restarts the host's ovsdb-server on a small disk with a copy of its database. */
  static async under(host: Host): Promise<SmallDisk> {
    const dir = join(host.dir, 'small');
    const socket = join(host.rundir, 'db.sock');
    const pidfile = join(host.rundir, 'ovsdb-server.pid');
    await mkdir(dir);
    await host.exec(['ovs-appctl', '-t', 'ovsdb-server', 'exit']);
    await until('ovsdb-server to end', () => when(!existsSync(pidfile)));
    host.net.spawn([
      ...['unshare', '--mount', '--propagation', 'private'],
      ...['sh', '-c', SERVE, 'sh', dir, join(host.dir, 'conf.db'), socket],
    ]);
    await accepting(socket);
    const disk = new SmallDisk(dir, host);
    await host.appctl('-t', 'ovsdb-server', 'vlog/disable-rate-limit');
    // Keeps ovs-vswitchd from writing statistics. It is connected to the new server once this returns.
    await host.vsctl('set', 'Open_vSwitch', '.', 'other_config:stats-update-interval=3600000');
    return disk;
  }

  /** Fills the disk until the database can grow by `room` bytes and no more. */
  async fill(room: number): Promise<void> {
    for (let length = 1, tries = 0; PAGE - (this.used % PAGE) !== room; tries++) {
      if (tries === MAX_TRIES) throw new Error(`the database does not end ${room} bytes before a page`);
      const before = this.used;
      await this.pad(length);
      // A transaction takes more bytes than its padding: a constant, but for the digits of its own length.
      const overhead = this.used - before - length;
      length = 1 + ((8 * PAGE - 1 - (this.used % PAGE) - room - overhead) % PAGE);
    }
    writeUntilFull(this.filler);
  }

  /** Waits until ovsdb-server could not write, or `task` has ended; returns whether it could not write. */
  async isMet(task: Promise<unknown>): Promise<boolean> {
    const failures = () =>
      readFileSync(join(this.host.rundir, 'ovsdb-server.log'), 'utf8').split('No space left').length;
    const before = failures();
    let hasEnded = false;
    void task.finally(() => {
      hasEnded = true;
    });
    await until('a write that fails', () => when(hasEnded || failures() > before));
    return failures() > before;
  }

  /** Frees the disk. */
  free(): void {
    rmSync(this.filler, { force: true });
  }

  /** Restarts ovsdb-server on its own disk, with everything that was committed on this one. */
  async leave(): Promise<void> {
    const { host } = this;
    await host.vsctl('remove', 'Open_vSwitch', '.', 'external_ids', 'pad');
    await host.vsctl('remove', 'Open_vSwitch', '.', 'other_config', 'stats-update-interval');
    const pid = Number(readFileSync(join(host.rundir, 'ovsdb-server.pid'), 'utf8'));
    process.kill(pid, 'SIGSTOP');
    copyFileSync(join(this.path, 'conf.db'), join(host.dir, 'conf.db'));
    process.kill(pid, 'SIGKILL');
    await until('ovsdb-server to end', () => when(!signal(pid, 0)));
    await host.startDatabase();
    rmSync(this.dir, { recursive: true });
  }

  private get used(): number {
    return statSync(join(this.path, 'conf.db')).size;
  }

  private get filler(): string {
    return join(this.path, 'filler');
  }

  /** The disk as ovsdb-server sees it (proc(5), `/proc/PID/root`). */
  private get path(): string {
    const pid = readFileSync(join(this.host.rundir, 'ovsdb-server.pid'), 'utf8').trim();
    return join('/proc', pid, 'root', this.dir);
  }

  /** Makes the database grow, by a transaction without the comment that ovs-vsctl would add. */
  private async pad(length: number): Promise<void> {
    const mutations = [
      ['external_ids', 'delete', ['set', ['pad']]],
      ['external_ids', 'insert', ['map', [['pad', 'x'.repeat(length)]]]],
    ];
    const operation = { op: 'mutate', table: 'Open_vSwitch', where: [], mutations };
    await this.host.exec([
      'ovsdb-client',
      'transact',
      this.host.db,
      JSON.stringify(['Open_vSwitch', operation]),
    ]);
  }
}

/** Appends pages to a file until its disk is full. */
export function writeUntilFull(path: string): void {
  const page = Buffer.alloc(PAGE);
  for (;;) {
    try {
      writeFileSync(path, page, { flag: 'a' });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') return;
      throw error;
    }
  }
}
