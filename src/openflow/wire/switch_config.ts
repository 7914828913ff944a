import type { FragmentMode } from '../channel.js';
import { type Message, Type } from './message.js';
import { WireReader } from './reader.js';
import type { WireWriter } from './writer.js';

/** The modes by `ofp_config_flags` under their mask (OpenFlow 1.4.1 section 7.3.2). The last is Open vSwitch's own. */
const MODES: readonly FragmentMode[] = ['normal', 'drop', 'reassemble', 'nx-match'];
const MODE_MASK = 3;

export interface SwitchConfig {
  readonly fragments: FragmentMode;
  /** How many octets of a packet a controller gets. More than 0 also turns on notifications for the connection. */
  readonly missSendLength: number;
}

/** @throws MalformedMessage */
export function readConfig({ body }: Message): SwitchConfig {
  const reader = new WireReader(body);
  return { fragments: MODES[reader.u16() & MODE_MASK] ?? 'normal', missSendLength: reader.u16() };
}

export function writeConfig(out: WireWriter, xid: number, config: SwitchConfig): void {
  const start = out.begin(Type.setConfig, xid);
  out.u16(MODES.indexOf(config.fragments));
  out.u16(config.missSendLength);
  out.end(start);
}
