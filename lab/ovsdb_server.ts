import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { execa } from 'execa';

/** Files of the schemas in Debian's packages. */
export const SCHEMAS = {
  Open_vSwitch: '/usr/share/openvswitch/vswitch.ovsschema',
  OVN_Northbound: '/usr/share/ovn/ovn-nb.ovsschema',
  OVN_Southbound: '/usr/share/ovn/ovn-sb.ovsschema',
} as const;

export interface OvsdbServer {
  /** The server's remote, `unix:…`. */
  readonly remote: string;
  readonly directory: string;
  /** Stops the server and keeps its database. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Restarts the server on the same database. */
  start(): Promise<void>;
  /** Stops the server and removes its directory. */
  dispose(): Promise<void>;
}

/** Starts a real `ovsdb-server` with an empty database. Its socket is in a new directory. */
export async function startOvsdbServer(
  options: { schema?: keyof typeof SCHEMAS; args?: readonly string[] } = {},
): Promise<OvsdbServer> {
  const directory = await mkdtemp(join(tmpdir(), 'ovsdb-'));
  const file = join(directory, 'conf.db');
  const socket = join(directory, 'db.sock');
  await execa('ovsdb-tool', ['create', file, SCHEMAS[options.schema ?? 'Open_vSwitch']]);
  let server: ReturnType<typeof launch> | undefined;
  const launch = () =>
    execa(
      'ovsdb-server',
      [
        file,
        `--remote=punix:${socket}`,
        '--unixctl=none',
        '--no-chdir',
        '-vconsole:off',
        ...(options.args ?? []),
      ],
      { reject: false, stdin: 'ignore', env: { OVS_RUNDIR: directory } },
    );
  const start = async () => {
    server = launch();
    await accepting(socket);
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    server?.kill(signal);
    await server;
  };
  await start();
  return {
    remote: `unix:${socket}`,
    directory,
    stop,
    start,
    dispose: async () => {
      await stop();
      await rm(directory, { recursive: true });
    },
  };
}

/** Waits until a unix socket accepts connections. */
export async function accepting(path: string, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await accepts(path))) {
    if (performance.now() > end)
      throw new Error(`${path} did not accept connections within ${deadlineMs} ms`);
    await setImmediate();
  }
}

/** Returns whether a unix socket accepts a connection now. */
export function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
