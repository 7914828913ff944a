import type { Check } from '../finding.js';
import { addresses } from './addresses.js';
import { bridges } from './bridges.js';
import { chassis } from './chassis.js';
import { daemons } from './daemons.js';
import { databases } from './databases.js';
import { encapsulation } from './encapsulation.js';
import { flows } from './flows.js';
import { identity } from './identity.js';
import { logs } from './logs.js';
import { mtu } from './mtu.js';
import { nodes } from './nodes.js';
import { offloads } from './offloads.js';
import { ports } from './ports.js';
import { servers } from './servers.js';
import { services } from './services.js';

/** All checks, in the order in which an operator mends things: what others depend on comes first. */
export const CHECKS: readonly Check[] = [
  daemons,
  databases,
  servers,
  identity,
  chassis,
  encapsulation,
  bridges,
  mtu,
  offloads,
  ports,
  flows,
  addresses,
  nodes,
  services,
  logs,
];
