import { ProductError } from '../net/errors.js';
import type { SwitchError } from './wire/error_message.js';

/** The switch cannot be asked: it does not answer, or does not speak OpenFlow 1.4. Nothing was changed. */
export class SwitchUnreachable extends ProductError {
  override readonly name = 'SwitchUnreachable';
  constructor(bridge: string, what: string, options?: { readonly cause?: unknown }) {
    super('ERR_SWITCH_UNREACHABLE', `${bridge}: ${what}`, options);
  }
}

/** The switch refused a bundle as a whole; no flow changed. */
export class BundleRefused extends ProductError {
  override readonly name = 'BundleRefused';
  constructor(bridge: string, what: string, options?: { readonly cause?: unknown }) {
    super('ERR_BUNDLE_REFUSED', `${bridge}: the switch refused a bundle of flows: ${what}`, options);
  }
}

/** The switch answered a request with an error. */
export class SwitchRefusal extends ProductError {
  override readonly name = 'SwitchRefusal';
  constructor(readonly error: SwitchError) {
    super('ERR_SWITCH_REFUSED', error.text);
  }
}

/** The switch did not confirm a bundle, which may have been committed or not: read the flows back. */
export class BundleUnknown extends ProductError {
  override readonly name = 'BundleUnknown';
  constructor(bridge: string, why: string, options?: { readonly cause?: unknown }) {
    super('ERR_BUNDLE_UNKNOWN', `${bridge}: no answer to a bundle of flows: ${why}`, options);
  }
}
