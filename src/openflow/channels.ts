import type { FlowChannel } from './channel.js';
import { ofctlChannel } from './ofctl.js';
import { openflowChannel } from './openflow.js';

/** The channels, by the name that `--flow-channel` takes. */
export const CHANNELS = {
  ofctl: ofctlChannel,
  openflow: openflowChannel,
} satisfies Record<string, (options: { bridge: string; rundir: string }) => FlowChannel>;

export type ChannelName = keyof typeof CHANNELS;
