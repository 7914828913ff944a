import { execa } from 'execa';
import { isOurCookie } from '../../openflow/cookie.js';
import { readDump } from '../../openflow/dump_reader.js';
import { ofctlChannel } from '../../openflow/ofctl.js';
import type { FlowFacts } from './facts.js';

type SwitchFlows = Extract<FlowFacts['switch'], { isKnown: true }>['value'];

/** Reads all flows and the settings of a bridge. @throws SwitchUnreachable; the error of `ovs-ofctl` */
export async function readSwitchFlows(
  bridge: string,
  rundir: string,
  timeoutMs: number,
): Promise<SwitchFlows> {
  const channel = ofctlChannel({ bridge, rundir, timeoutMs });
  const target = `unix:${rundir}/${bridge}.mgmt`;
  const [{ fragments, noFlood }, { stdout }] = await Promise.all([
    channel.readSettings(),
    execa('ovs-ofctl', ['-O', 'OpenFlow14', '--no-names', 'dump-flows', target], {
      timeout: timeoutMs,
      stdin: 'ignore',
      maxBuffer: 512 * 1024 * 1024,
    }),
  ]);
  const flows = await readDump([stdout]);
  const isOurs = ({ cookie }: { cookie: bigint }) => isOurCookie(cookie);
  return {
    ours: flows.filter(isOurs),
    others: flows.filter((one) => !isOurs(one)),
    fragments,
    noFlood,
  };
}
