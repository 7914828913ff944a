import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BRIDGE, type DummySwitch } from '../../lab/dummy_switch.js';
import { type Message, MessageSplitter } from '../../src/openflow/wire/message.js';

/** What happens to a message: it passes, is dropped, or these octets are sent back instead. */
export type Decision = 'pass' | 'drop' | Buffer;

/**
 * A proxy between a channel and a real switch, for faults that the switch cannot be made to show. Its `rundir` has a
 * socket with the bridge's name.
 */
export class ManInTheMiddle {
  /** The messages of the channel, in order. */
  readonly sent: Message[] = [];
  /** Decide on each message of the channel, and of the switch. */
  toSwitch: (message: Message) => Decision = () => 'pass';
  toChannel: (message: Message) => Decision = () => 'pass';
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly rundir: string,
    private readonly server: Server,
  ) {}

  static async start(ovs: DummySwitch): Promise<ManInTheMiddle> {
    const rundir = await mkdtemp(join(tmpdir(), 'middle-'));
    const server = createServer();
    const middle = new ManInTheMiddle(rundir, server);
    server.on('connection', (channel) => middle.join(channel, connect(ovs.socket)));
    await new Promise<void>((resolve) => server.listen(join(rundir, `${BRIDGE}.mgmt`), resolve));
    return middle;
  }

  /** Sends octets to the channel that the switch did not send. */
  say(bytes: Buffer): void {
    for (const socket of this.sockets) socket.write(bytes);
  }

  /** Stops reading from the channel until the returned function is called. */
  hold(): () => void {
    for (const socket of this.sockets) socket.pause();
    return () => {
      for (const socket of this.sockets) socket.resume();
    };
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async dispose(): Promise<void> {
    this.cut();
    this.server.close();
    await rm(this.rundir, { recursive: true });
  }

  private join(channel: Socket, ovs: Socket): void {
    this.sockets.add(channel);
    relay(channel, ovs, (message) => {
      this.sent.push(message);
      return this.toSwitch(message);
    });
    relay(ovs, channel, (message) => this.toChannel(message));
    channel.once('close', () => this.sockets.delete(channel));
  }
}

function relay(from: Socket, to: Socket, decide: (message: Message) => Decision): void {
  const splitter = new MessageSplitter();
  from.on('data', (chunk: Buffer) => {
    splitter.push(chunk, (message) => {
      const kept = { ...message, body: Buffer.from(message.body) };
      const decision = decide(kept);
      if (decision === 'pass') to.write(bytesOf(kept));
      else if (decision !== 'drop') from.write(decision);
    });
  });
  from.on('error', () => to.destroy());
  from.on('close', () => to.end());
}

export function bytesOf({ version, type, xid, body }: Message): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(version, 0);
  header.writeUInt8(type, 1);
  header.writeUInt16BE(8 + body.length, 2);
  header.writeUInt32BE(xid, 4);
  return Buffer.concat([header, body]);
}
