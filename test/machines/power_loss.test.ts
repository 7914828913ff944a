import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { clusterMachineTest } from '../../lab/machine/machine_test.js';
import { Random } from '../../lab/random.js';
import { bootAgain, hostBootsAgain, startSubject } from './recovery.js';

const MOMENTS = 10;
/** Milliseconds after power-on, over a boot and the move that it repeats. */
const BOOT_MS = 6_000;
/** Milliseconds after the start of a move, until after its end. */
const MOVE_MS = 1_500;

/** Returns moments at random, and says how to repeat them. */
function momentsOf(t: ExecutionContext, limitMs: number): number[] {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
  t.log(`SEED=${seed} npm run test:machines -- test/machines/power_loss.test.ts repeats these moments`);
  const random = new Random(seed);
  return Array.from({ length: MOMENTS }, () => random.below(limitMs));
}

clusterMachineTest("a gateway's host and its pods are back after power was lost during boots", async (t) => {
  t.timeout(900_000);
  const subject = await startSubject(t, 'trixie', 'systemd-networkd static');
  const { machine } = subject;
  await machine.powerLoss();
  for (const ms of momentsOf(t, BOOT_MS)) {
    await machine.start();
    await pause(ms);
    await machine.powerLoss();
    await bootAgain(t, subject, `power lost ${ms} ms after power-on`);
    await machine.powerLoss();
  }
});

// bridge-to-nics deletes the bridge with what gateway-init wrote there, so pods need gateway-init again.
clusterMachineTest("a node's host is back after power was lost during moves", async (t) => {
  t.timeout(900_000);
  const subject = await startSubject(t, 'trixie', 'ifupdown static');
  const { machine } = subject;
  for (const [index, ms] of momentsOf(t, MOVE_MS).entries()) {
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
