import type { Section } from './figure.js';
import { apiOutage } from './sections/api_outage.js';
import { atRest } from './sections/at_rest.js';
import { classify } from './sections/classify.js';
import { cni } from './sections/cni.js';
import { crash } from './sections/crash.js';
import { firstCopy } from './sections/first_copy.js';
import { flows } from './sections/flows.js';
import { looks } from './sections/looks.js';
import { neighbour } from './sections/neighbour.js';
import { nicGap } from './sections/nic_gap.js';
import { nicMove } from './sections/nic_move.js';
import { repair } from './sections/repair.js';
import { restart } from './sections/restart.js';
import { ring } from './sections/ring.js';
import { serviceChange } from './sections/service_change.js';
import { serviceReach } from './sections/service_reach.js';
import { serviceRows } from './sections/service_rows.js';
import { services } from './sections/services.js';
import { snat } from './sections/snat.js';
import { startUp } from './sections/start_up.js';
import { watcher } from './sections/watcher.js';
import { wire } from './sections/wire.js';

/** All sections, in the order in which they run. */
export const SECTIONS: readonly Section[] = [
  wire,
  repair,
  restart,
  crash,
  atRest,
  startUp,
  flows,
  looks,
  firstCopy,
  nicMove,
  nicGap,
  neighbour,
  services,
  serviceRows,
  serviceChange,
  serviceReach,
  watcher,
  cni,
  snat,
  classify,
  apiOutage,
  ring,
];
