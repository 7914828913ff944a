import type { FragmentMode, SwitchSettings } from './channel.js';
import type { Connection } from './connection.js';
import type { Ofport } from './ofport.js';
import { bare, command, requestOne, requestParts } from './requests.js';
import { Type } from './wire/message.js';
import { noFloodOf, type PortDescription, readPorts, writeNoFlood, writePortsRequest } from './wire/ports.js';
import { readConfig, writeConfig } from './wire/switch_config.js';

/**
 * Reads the settings of a bridge beside its flows, over a connection in OpenFlow 1.0, which alone has "no flood".
 * The functions of this file throw SwitchRefusal, or the reason why the connection ended.
 */
export async function readSettings(old: Connection): Promise<SwitchSettings> {
  const { fragments } = await requestOne(old, bare(Type.getConfigRequest), readConfig);
  return { fragments, noFlood: noFloodOf(await readAllPorts(old)) };
}

export async function setFragments(old: Connection, mode: FragmentMode): Promise<void> {
  const before = await requestOne(old, bare(Type.getConfigRequest), readConfig);
  await command(old, (out, xid) => writeConfig(out, xid, { ...before, fragments: mode }));
}

/** Sets or clears "no flood". @returns whether there is such a port */
export async function setNoFlood(old: Connection, port: Ofport, on: boolean): Promise<boolean> {
  const found = (await readAllPorts(old)).find((one) => one.port === port);
  if (found === undefined) return false;
  await command(old, (out, xid) => writeNoFlood(out, xid, found, on));
  return true;
}

async function readAllPorts(old: Connection): Promise<PortDescription[]> {
  const ports: PortDescription[] = [];
  await requestParts(old, writePortsRequest, (reply) => {
    ports.push(...readPorts(reply));
  });
  return ports;
}
