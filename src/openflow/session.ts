import { BundleSender } from './bundle_sender.js';
import { Connection } from './connection.js';
import { bare, command, requestOne, writeBarrier } from './requests.js';
import { writePortNewsOnly } from './wire/async_config.js';
import { type Features, readFeatures } from './wire/features.js';
import {
  type FlowNews,
  isFlowMonitorReply,
  readFlowNews,
  writeFlowMonitorRequest,
} from './wire/flow_monitor.js';
import { type Message, OFP10, OFP14, Type } from './wire/message.js';
import { readReply } from './wire/multipart.js';

/**
 * The flow monitor. `precise`: the session's own monitor, which leaves out the session's changes. `any change`: the
 * monitor of a second session in OpenFlow 1.0, which reports them too (OVS before 2.16).
 */
export type Monitor = 'precise' | 'any change' | 'none';

export interface Session {
  readonly connection: Connection;
  readonly bundles: BundleSender;
  readonly features: Features;
  readonly monitor: Monitor;
  /** Resolves with the reason when the session has ended. */
  readonly closed: Promise<Error>;
  close(): void;
}

export interface SessionOptions {
  readonly bridge: string;
  readonly path: string;
  readonly timeoutMs: number;
  readonly probeMs: number;
  /** Reports that flows with our cookies, or ports, may have changed. */
  readonly changed: () => void;
}

/**
 * Opens a session in OpenFlow 1.4 that is notified of changes to ports and flows.
 * @throws ProductError, or the error of the socket
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const connection = await connect(options, OFP14);
  try {
    const features = await requestOne(connection, bare(Type.featuresRequest), readFeatures);
    await command(connection, writePortNewsOnly);
    const second = (await startMonitor(connection)) ? undefined : await secondMonitor(options);
    const isPrecise = second === undefined;
    if (second !== undefined) {
      void second.connection?.closed.then((reason) => connection.close(reason));
      void connection.closed.then(() => second.connection?.close());
    }
    return {
      connection,
      bundles: new BundleSender(options.bridge, connection),
      features,
      monitor: isPrecise ? 'precise' : second.connection === undefined ? 'none' : 'any change',
      closed: connection.closed,
      close: () => connection.close(),
    };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Opens a connection in OpenFlow 1.0, for the features that later versions lack. The caller closes it. */
export function openOldConnection(options: SessionOptions): Promise<Connection> {
  return connect(options, OFP10);
}

function connect(options: SessionOptions, version: typeof OFP10 | typeof OFP14): Promise<Connection> {
  const { path, timeoutMs, probeMs } = options;
  return Connection.open({
    path,
    version,
    timeoutMs,
    probeMs,
    news: (message) => handleNews(message, options),
  });
}

/**
 * Requests a flow monitor, and sends a barrier behind the request. Returns whether the switch answers the request
 * before the barrier, and not with an error. An OVS without flow monitors sends an error in OpenFlow 1.0, with a
 * transaction number that differs from the request's (tried, OVS 2.15).
 */
async function startMonitor(connection: Connection): Promise<boolean> {
  const xid = connection.reserve(2);
  const answered = new Promise<boolean>((resolve, reject) => {
    let isTaken = false;
    const end = connection.start({
      first: xid,
      last: xid + 1,
      receive: (message) => {
        if (message.xid === xid) {
          isTaken = message.type !== Type.error;
        } else {
          end();
          resolve(isTaken);
        }
      },
      fail: reject,
    });
  });
  connection.send((out) => {
    writeFlowMonitorRequest(out, xid);
    writeBarrier(out, xid + 1);
  });
  return connection.inTime(answered);
}

async function secondMonitor(options: SessionOptions): Promise<{ connection: Connection | undefined }> {
  const connection = await connect(options, OFP10).catch(() => undefined);
  if (connection === undefined || (await startMonitor(connection))) return { connection };
  connection.close();
  return { connection: undefined };
}

/** Handles the messages that do not answer a request: events, and late errors. */
function handleNews(message: Message, { changed }: SessionOptions): void {
  const reply = readReply(message);
  const isFlowNews = reply !== undefined && isFlowMonitorReply(reply);
  const flows = isFlowNews ? readFlowNews(reply) : new Set<FlowNews>();
  const isOther = message.type === Type.portStatus || message.type === Type.error;
  if (isOther || flows.has('ours') || flows.has('lost')) changed();
}
