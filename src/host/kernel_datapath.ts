import { execa } from 'execa';

const TIMEOUT_MS = 5_000;
/** The generic netlink family by which ovs-vswitchd makes datapaths in the kernel (linux/openvswitch.h). */
const FAMILY = 'ovs_datapath';
/** How genl(8) says that the kernel answers ENOENT. A library that is not found has the same words at its end. */
const ABSENT = /^RTNETLINK answers: No such file or directory$/m;

/**
 * Returns whether the kernel has Open vSwitch's datapath. `datapath_types` cannot tell: it lists what ovs-vswitchd was
 * built with. To be asked makes the kernel load its module.
 *
 * @param program the program genl(8); without it the kernel is believed to have the datapath
 */
export async function hasKernelDatapath(program = 'genl'): Promise<boolean> {
  const options = { reject: false, timeout: TIMEOUT_MS, stdin: 'ignore' } as const;
  const { failed, stderr } = await execa(program, ['ctrl', 'get', 'name', FAMILY], options);
  return !(failed && ABSENT.test(String(stderr)));
}
