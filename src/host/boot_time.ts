import { readFileSync } from 'node:fs';

/** A moment of one boot. Unlike the clock of the day it never jumps, and unlike others it runs on in suspend. */
export interface BootTime {
  /** The kernel's random number of this boot (random(4)). */
  readonly boot: string;
  /** CLOCK_BOOTTIME: the whole seconds since the kernel started (proc(5), "/proc/uptime"). */
  readonly seconds: number;
}

/** Returns the time now. */
export function bootTime(): BootTime {
  return {
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    seconds: Number.parseInt(readFileSync('/proc/uptime', 'utf8'), 10),
  };
}

/** Returns the whole seconds from `before` to `now`; at least those since the boot if the host rebooted in between. */
export function secondsBetween(before: BootTime, now: BootTime): number {
  const since = before.boot === now.boot ? before.seconds : 0;
  return Math.max(0, now.seconds - since);
}
