import type { GatewayState } from '../demux/state.js';
import { demuxFlows, nodePortFlows } from '../demux/table.js';
import type { Flow } from '../openflow/flow.js';

/** `demuxFlows` that makes anew only what has changed since it was asked last: most flows are those of node ports. */
export function desiredFlows(): (state: GatewayState) => readonly Flow[] {
  let last: { readonly said: string; readonly rest: readonly Flow[] } | undefined;
  let made: ReadonlyMap<string, readonly Flow[]> = new Map();
  return ({ nodePorts, ...others }) => {
    const said = JSON.stringify(others);
    if (last?.said !== said) {
      last = { said, rest: demuxFlows({ ...others, nodePorts: [] }) };
      made = new Map();
    }
    const flowsOf = nodePortFlows(others);
    const known = made;
    made = new Map(
      nodePorts.map((nodePort) => {
        const name = `${nodePort.protocol} ${nodePort.port}`;
        return [name, known.get(name) ?? flowsOf(nodePort)];
      }),
    );
    return [...last.rest, ...[...made.values()].flat()];
  };
}
