import { explainError } from '../net/errors.js';
import { type Bundle, bundleSize, formatRemoval } from './bundle.js';
import { BundleExchange } from './bundle_exchange.js';
import type { Connection } from './connection.js';
import { BundleRefused, BundleUnknown, SwitchRefusal, SwitchUnreachable } from './errors.js';
import { command, writeBarrier } from './requests.js';
import { beginBundleAdd, Control, writeBundleControl } from './wire/bundle.js';
import { UnencodableFlow } from './wire/errors.js';
import { writeFlowAdd, writeFlowDelete } from './wire/flow_mod.js';
import { WireWriter } from './wire/writer.js';

/** How much is written before it is sent; a large bundle never has more octets in memory. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Sends bundles over one connection, one at a time, each as
 *
 *     OPEN, one message for each flow, BARRIER      then, if there was no error:      COMMIT
 *
 * These are two round trips, whatever the size. The barrier is necessary: a switch that refused to add one message to
 * a bundle still commits the others (tried, OVS 3.1). A single flow mod is atomic without a bundle, so it is sent
 * alone with a barrier, in one round trip.
 */
export class BundleSender {
  private readonly out = new WireWriter();
  private lastBundle = 0;

  constructor(
    private readonly bridge: string,
    private readonly connection: Connection,
  ) {}

  /** @throws BundleRefused, BundleUnknown; SwitchUnreachable if the connection ended before the commit */
  async send(bundle: Bundle): Promise<void> {
    if (bundleSize(bundle) === 1) return this.sendOne(bundle);
    const { bridge, connection } = this;
    this.lastBundle = (this.lastBundle + 1) >>> 0;
    const first = connection.reserve(BundleExchange.messages(bundle));
    const exchange = new BundleExchange(bundle, first, this.lastBundle);
    const end = connection.start(exchange);
    try {
      await this.fill(exchange);
      await this.commit(exchange);
    } finally {
      end();
    }
    const { refusal } = exchange;
    if (refusal !== undefined) {
      throw new BundleRefused(bridge, refusal.text, { cause: new SwitchRefusal(refusal.error) });
    }
  }

  private async sendOne({ add: [flow], remove: [removal] }: Bundle): Promise<void> {
    const { bridge, connection } = this;
    const name = removal === undefined ? flow?.text : formatRemoval(removal);
    try {
      await command(connection, (out, xid) => {
        if (removal !== undefined) writeFlowDelete(out, xid, removal);
        else if (flow !== undefined) writeFlowAdd(out, xid, flow);
      });
    } catch (error) {
      const isRefused = error instanceof SwitchRefusal || error instanceof UnencodableFlow;
      if (isRefused) throw new BundleRefused(bridge, `${name}: ${error.message}`, { cause: error });
      throw new BundleUnknown(bridge, explainError(error), { cause: error });
    }
  }

  /** Sends all messages but the commit; stops after a refusal. */
  private async fill(exchange: BundleExchange): Promise<void> {
    const { bridge, connection, out } = this;
    out.clear();
    writeBundleControl(out, exchange.first, exchange.id, Control.open);
    try {
      for (let xid = exchange.first + 1; xid < exchange.barrier && exchange.refusal === undefined; xid++) {
        this.writeMod(exchange, xid);
        if (out.length >= CHUNK_BYTES) {
          await connection.stream(out.bytes);
          out.clear();
        }
      }
      writeBarrier(out, exchange.barrier);
      await connection.stream(out.bytes);
      await connection.inTime(exchange.filled);
    } catch (error) {
      if (error instanceof UnencodableFlow) {
        this.discard(exchange);
        throw new BundleRefused(bridge, error.message, { cause: error });
      }
      throw new SwitchUnreachable(bridge, 'the session ended before a bundle was committed', {
        cause: error,
      });
    }
  }

  /** @throws UnencodableFlow naming the flow */
  private writeMod(exchange: BundleExchange, xid: number): void {
    const { out } = this;
    const { bundle, first, id } = exchange;
    const start = beginBundleAdd(out, xid, id);
    const index = xid - first - 1;
    const removal = bundle.remove[index];
    const flow = bundle.add[index - bundle.remove.length];
    try {
      if (removal !== undefined) writeFlowDelete(out, xid, removal);
      else if (flow !== undefined) writeFlowAdd(out, xid, flow);
      out.end(start);
    } catch (error) {
      out.rewind(start);
      // A number that does not fit its field counts as an unencodable flow too.
      throw new UnencodableFlow(`${exchange.nameOf(xid)}: ${explainError(error)}`);
    }
  }

  private async commit(exchange: BundleExchange): Promise<void> {
    if (exchange.refusal !== undefined) return this.discard(exchange);
    const { bridge, connection } = this;
    try {
      connection.send((out) => writeBundleControl(out, exchange.last, exchange.id, Control.commit));
      await connection.inTime(exchange.ended);
    } catch (error) {
      throw new BundleUnknown(bridge, explainError(error), { cause: error });
    }
  }

  /** Discards the bundle. The answer does not matter: a bundle that is not committed changes nothing. */
  private discard({ last, id }: BundleExchange): void {
    this.connection.send((out) => writeBundleControl(out, last, id, Control.discard));
  }
}
