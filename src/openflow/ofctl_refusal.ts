import { type Bundle, nameOf } from './bundle.js';

/**
 * Why a bundle was refused, by what `ovs-ofctl --bundle add-flows` wrote to standard error, and whose fault it is;
 * `undefined` where it names no flow.
 *
 *     ovs-ofctl: -:3: actions are invalid with specified match (OFPBAC_MATCH_INCONSISTENT)
 *     Error OFPFMFC_TABLE_FULL for: OFPT_FLOW_MOD (OF1.4) (xid=0x4): ADD priority=1,reg0=0x2 cookie:0x1 actions=drop
 *
 * The first is its own, of a line of the input; the second the switch's, of a flow as ovs-ofctl prints it.
 */
export function refusalOf(stderr: string, bundle: Bundle): string | undefined {
  const [, line, ownWhy] = /^ovs-ofctl: -:(\d+): (.+)$/m.exec(stderr) ?? [];
  const flow = line === undefined ? undefined : nameOf(bundle, Number(line) - 1);
  if (flow !== undefined) return `${flow}: ${ownWhy}`;
  const [, why, printed] = /^Error (\S+) for: OFPT_FLOW_MOD [^:]*: (.+)$/m.exec(stderr) ?? [];
  return printed === undefined ? undefined : `${printed}: ${why}`;
}
