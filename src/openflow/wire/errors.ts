import { ProductError } from '../../net/errors.js';

/** A message is not OpenFlow or contradicts itself, so the rest of the stream cannot be split into messages. */
export class MalformedMessage extends ProductError {
  override readonly name = 'MalformedMessage';
  constructor(what: string) {
    super('ERR_OPENFLOW_MALFORMED', `not valid OpenFlow: ${what}`);
  }
}

/** A flow that OpenFlow cannot express, such as one with a port but no protocol. */
export class UnencodableFlow extends ProductError {
  override readonly name = 'UnencodableFlow';
  constructor(what: string) {
    super('ERR_FLOW_NOT_ENCODABLE', what);
  }
}
