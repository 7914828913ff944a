import { type Bundle, nameOf } from './bundle.js';

/**
 * Returns the flow that made a bundle fail, and why, from the standard error of `ovs-ofctl --bundle add-flows`;
 * `undefined` if it names no flow.
 *
 *     ovs-ofctl: -:3: actions are invalid with specified match (OFPBAC_MATCH_INCONSISTENT)
 *     Error OFPFMFC_TABLE_FULL for: OFPT_FLOW_MOD (OF1.4) (xid=0x4): ADD priority=1,reg0=0x2 cookie:0x1 actions=drop
 *
 * The first is an error of ovs-ofctl itself, with a line number of its input; the second an error of the switch, with
 * the flow as ovs-ofctl prints it.
 */
export function refusalOf(stderr: string, bundle: Bundle): string | undefined {
  const [, line, ownWhy] = /^ovs-ofctl: -:(\d+): (.+)$/m.exec(stderr) ?? [];
  const flow = line === undefined ? undefined : nameOf(bundle, Number(line) - 1);
  if (flow !== undefined) return `${flow}: ${ownWhy}`;
  const [, why, printed] = /^Error (\S+) for: OFPT_FLOW_MOD [^:]*: (.+)$/m.exec(stderr) ?? [];
  return printed === undefined ? undefined : `${printed}: ${why}`;
}
