// Boots a machine of Debian 13 once, and makes its root tree if there is none. Exits 69 (EX_UNAVAILABLE of sysexits.h)
// with a line that says why, where no machine can boot.
import { startOutside } from '../cluster.js';
import { Lab } from '../lab.js';
import { Machine } from './machine.js';

const UNAVAILABLE = 69;

const lab = Lab.open();
try {
  const outside = await startOutside(lab);
  const network = 'systemd-networkd static';
  const machine = await Machine.make({ lab, outside, label: 'probe', suite: 'trixie', network });
  await machine.start();
  await machine.booted();
  await machine.powerOff();
} catch (error) {
  const [line] = String(error instanceof Error ? error.message : error).split('\n');
  console.error(`no machine boots here: ${line}`);
  process.exitCode = UNAVAILABLE;
} finally {
  lab.dispose();
}
