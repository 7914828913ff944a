import { ProductError } from '../net/errors.js';
import type { Connection } from './connection.js';
import { SwitchRefusal } from './errors.js';
import { readError } from './wire/error_message.js';
import { type Message, OFP10, Type, Type10 } from './wire/message.js';
import { type Reply, readReply } from './wire/multipart.js';
import type { WireWriter } from './wire/writer.js';

type Write = (out: WireWriter, xid: number) => void;

/**
 * Sends a request and calls `take` with each message of the answer, until it returns `last`.
 * @throws SwitchRefusal if the answer is an error; the reason if the connection ends first
 */
export async function request(
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

/** Sends a request with an answer of one message, and returns what `read` makes of it. */
export async function requestOne<T>(
  connection: Connection,
  write: Write,
  read: (message: Message) => T,
): Promise<T> {
  const values: T[] = [];
  await request(connection, write, (message) => {
    values.push(read(message));
    return 'last';
  });
  return values[0] as T;
}

/** The largest answer to a multipart request, in octets: some 100,000 flows like ours. Parsed, they take ten times as much. */
const MAX_ANSWER_BYTES = 12 * 1024 * 1024;

/**
 * Sends a multipart request and calls `take` with each part of the answer.
 * @throws ProductError `ERR_MESSAGE_TOO_LARGE` for an answer that does not end; the connection is then closed
 */
export async function requestParts(
  connection: Connection,
  write: Write,
  take: (reply: Reply) => void,
): Promise<void> {
  let bytes = 0;
  await request(connection, write, (message) => {
    bytes += message.body.length;
    if (bytes > MAX_ANSWER_BYTES) {
      const why = `the switch sent an answer of more than ${MAX_ANSWER_BYTES} bytes`;
      throw new ProductError('ERR_MESSAGE_TOO_LARGE', why);
    }
    const reply = readReply(message);
    if (reply === undefined) return 'more';
    take(reply);
    return reply.more ? 'more' : 'last';
  });
}

/** Writes a request without a body: features, configuration. */
export function bare(type: number): Write {
  return (out, xid) => out.end(out.begin(type, xid));
}

/**
 * Sends a message that is answered only if it is refused, and waits for the answer to a barrier behind it.
 * @throws SwitchRefusal
 */
export async function command(connection: Connection, write: Write): Promise<void> {
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

/**
 * Writes a barrier request, which the switch answers after it has handled all earlier messages (OpenFlow 1.4.1
 * section 7.3.8).
 */
export function writeBarrier(out: WireWriter, xid: number): void {
  out.end(out.begin(out.version === OFP10 ? Type10.barrierRequest : Type.barrierRequest, xid));
}
