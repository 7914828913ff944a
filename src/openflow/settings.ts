import type { FragmentMode, SwitchSettings } from './channel.js';
import type { Connection } from './connection.js';
import type { Ofport } from './ofport.js';
import { askOne, askParts, bare, tell } from './requests.js';
import { Type } from './wire/message.js';
import { noFloodOf, type PortDescription, readPorts, writeNoFlood, writePortsRequest } from './wire/ports.js';
import { readConfig, writeConfig } from './wire/switch_config.js';

/**
 * What a bridge is set to beside its flows, over a connection in OpenFlow 1.0: only there a port can be "no flood".
 * All of it throws SwitchRefusal, or the reason for which the connection ended.
 */
export async function readSettings(old: Connection): Promise<SwitchSettings> {
  const { fragments } = await askOne(old, bare(Type.getConfigRequest), readConfig);
  return { fragments, noFlood: noFloodOf(await readAllPorts(old)) };
}

export async function setFragments(old: Connection, mode: FragmentMode): Promise<void> {
  const before = await askOne(old, bare(Type.getConfigRequest), readConfig);
  await tell(old, (out, xid) => writeConfig(out, xid, { ...before, fragments: mode }));
}

/** @returns whether there is such a port */
export async function setNoFlood(old: Connection, port: Ofport, on: boolean): Promise<boolean> {
  const found = (await readAllPorts(old)).find((one) => one.port === port);
  if (found === undefined) return false;
  await tell(old, (out, xid) => writeNoFlood(out, xid, found, on));
  return true;
}

async function readAllPorts(old: Connection): Promise<PortDescription[]> {
  const ports: PortDescription[] = [];
  await askParts(old, writePortsRequest, (reply) => {
    ports.push(...readPorts(reply));
  });
  return ports;
}
