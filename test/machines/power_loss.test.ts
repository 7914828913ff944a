import { setTimeout as pause } from 'node:timers/promises';
import { clusterMachineTest } from '../../lab/machine/machine_test.js';
import { bootAgain, hostBootsAgain, startSubject } from './recovery.js';

/** Milliseconds after power-on, spread over a boot and the move that it repeats. */
const BOOT_MOMENTS = [300, 1_000, 1_700, 2_400, 3_100, 4_000];
/** Milliseconds after the start of a move. */
const MOVE_MOMENTS = [250, 400, 550, 700, 900];

clusterMachineTest("a gateway's host and its pods are back after power was lost during boots", async (t) => {
  t.timeout(600_000);
  const subject = await startSubject(t, 'trixie', 'systemd-networkd static');
  const { machine } = subject;
  await machine.powerLoss();
  for (const ms of BOOT_MOMENTS) {
    await machine.start();
    await pause(ms);
    await machine.powerLoss();
    await bootAgain(t, subject, `power lost ${ms} ms after power-on`);
    await machine.powerLoss();
  }
});

// bridge-to-nics deletes the bridge with what gateway-init wrote there, so pods need gateway-init again.
clusterMachineTest("a node's host is back after power was lost during moves", async (t) => {
  t.timeout(600_000);
  const subject = await startSubject(t, 'trixie', 'ifupdown static');
  const { machine } = subject;
  for (const [index, ms] of MOVE_MOMENTS.entries()) {
    const move = index % 2 === 0 ? ['bridge-to-nics', '--force', 'breth0'] : ['nics-to-bridge', 'eth0'];
    if (index % 2 === 1) await machine.run('ovn-k8s-util', 'bridge-to-nics', '--force', 'breth0');
    const moving = machine.attempt('ovn-k8s-util', ...move);
    await pause(ms);
    await machine.powerLoss();
    await moving;
    await hostBootsAgain(t, subject, `power lost ${ms} ms after ${move.join(' ')}`);
  }
  await machine.powerOff();
});
