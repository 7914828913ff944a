import type { Connection } from './connection.js';
import { SwitchRefusal } from './errors.js';
import { readError } from './wire/error_message.js';
import { type Message, OFP10, Type, Type10 } from './wire/message.js';
import { type Reply, readReply } from './wire/multipart.js';
import type { WireWriter } from './wire/writer.js';

type Write = (out: WireWriter, xid: number) => void;

/**
 * Sends the message that `write` writes and hands each message that answers it to `take`, until that says it was the last.
 * @throws SwitchRefusal when the answer is an error; the reason when the connection ends first
 */
export async function ask(
  connection: Connection,
  write: Write,
  take: (message: Message) => 'last' | 'more',
): Promise<void> {
  const xid = connection.reserve(1);
  const answered = new Promise<void>((resolve, reject) => {
    const end = connection.start({
      first: xid,
      last: xid,
      receive: (message) => {
        if (message.type === Type.error) reject(new SwitchRefusal(readError(message)));
        else if (take(message) === 'more') return;
        else resolve();
        end();
      },
      fail: reject,
    });
  });
  connection.send((out) => write(out, xid));
  await connection.inTime(answered);
}

/** The same for one answer, of which `read` makes a value. */
export async function askOne<T>(
  connection: Connection,
  write: Write,
  read: (message: Message) => T,
): Promise<T> {
  const values: T[] = [];
  await ask(connection, write, (message) => {
    values.push(read(message));
    return 'last';
  });
  return values[0] as T;
}

/** The same for an answer in parts. */
export async function askParts(
  connection: Connection,
  write: Write,
  take: (reply: Reply) => void,
): Promise<void> {
  await ask(connection, write, (message) => {
    const reply = readReply(message);
    if (reply === undefined) return 'more';
    take(reply);
    return reply.more ? 'more' : 'last';
  });
}

/** A request without a body: features, configuration, barrier. */
export function bare(type: number): Write {
  return (out, xid) => out.end(out.begin(type, xid));
}

/**
 * Sends a message that is answered only when it is refused, and waits until the switch is done with it.
 * @throws SwitchRefusal
 */
export async function tell(connection: Connection, write: Write): Promise<void> {
  const xid = connection.reserve(2);
  connection.send((out) => {
    write(out, xid);
    writeBarrier(out, xid + 1);
  });
  const done = new Promise<void>((resolve, reject) => {
    const end = connection.start({
      first: xid,
      last: xid + 1,
      receive: (message) => {
        if (message.type === Type.error) reject(new SwitchRefusal(readError(message)));
        else resolve();
        end();
      },
      fail: reject,
    });
  });
  await connection.inTime(done);
}

/** Answered when the switch has done all that was sent before (OpenFlow 1.4.1 section 7.3.8). */
export function writeBarrier(out: WireWriter, xid: number): void {
  out.end(out.begin(out.version === OFP10 ? Type10.barrierRequest : Type.barrierRequest, xid));
}
