import { ProductError } from '../../net/errors.js';

/** What came is no OpenFlow, or contradicts itself: nothing after it in the stream can be trusted. */
export class MalformedMessage extends ProductError {
  override readonly name = 'MalformedMessage';
  constructor(what: string) {
    super('ERR_OPENFLOW_MALFORMED', `not OpenFlow as specified: ${what}`);
  }
}

/** A flow that OpenFlow has no bytes for, such as a port without a protocol. */
export class UnencodableFlow extends ProductError {
  override readonly name = 'UnencodableFlow';
  constructor(what: string) {
    super('ERR_FLOW_NOT_ENCODABLE', what);
  }
}
