import type { GatewayState } from '../demux/state.js';
import { demuxFlows } from '../demux/table.js';
import type { Flow } from '../openflow/flow.js';

/** `demuxFlows` that answers what it answered last when it is asked of an equal state again. */
export function desiredFlows(): (state: GatewayState) => readonly Flow[] {
  let last: { readonly said: string; readonly flows: readonly Flow[] } | undefined;
  return (state) => {
    const said = JSON.stringify(state);
    if (last?.said !== said) last = { said, flows: demuxFlows(state) };
    return last.flows;
  };
}
