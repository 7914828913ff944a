import type { FlowChannel } from './channel.js';
import { ofctlChannel } from './ofctl.js';
import { openflowChannel } from './openflow.js';

/** Every way to carry flows to a bridge, by the name that `--flow-channel` has for it. */
export const CHANNELS = {
  ofctl: ofctlChannel,
  openflow: openflowChannel,
} satisfies Record<string, (options: { bridge: string; rundir: string }) => FlowChannel>;

export type ChannelName = keyof typeof CHANNELS;
