import { awaitDevice, awaitNoDevice } from '../host/device.js';
import { ProductError } from '../net/errors.js';
import { untilSwitch } from './commit.js';
import type { LocalDatabase } from './connection.js';
import { findInterface } from './ports.js';
import { switchWords } from './switch_words.js';

/**
 * Waits until ovs-vswitchd has opened port `name`.
 * @throws ProductError `ERR_NO_PORT` with the error that ovs-vswitchd met, WaitExpired
 */
export async function awaitOpen(
  db: LocalDatabase,
  name: string,
  { bridge, timeoutMs }: { readonly bridge: string; readonly timeoutMs: number },
): Promise<void> {
  const isOpen = () => {
    const row = findInterface(db, name);
    if (row?.error !== undefined)
      throw new ProductError('ERR_NO_PORT', `ovs-vswitchd cannot open ${name}: ${row.error}`);
    return (row?.ofport !== undefined && row.ofport > 0) || undefined;
  };
  await untilSwitch(db, isOpen, { timeoutMs, what: `ovs-vswitchd to open ${name} on ${bridge}` });
}

/** Waits until the kernel has the device of an internal port. @throws ProductError `ERR_NO_DEVICE` with Open vSwitch's words */
export function awaitPortDevice(db: LocalDatabase, name: string, timeoutMs: number): Promise<void> {
  return orWithWords(db, () => awaitDevice(name, timeoutMs));
}

/** Waits until the device of a deleted internal port has gone. @throws ProductError `ERR_NO_DEVICE` with Open vSwitch's words */
export function awaitNoPortDevice(db: LocalDatabase, name: string, timeoutMs: number): Promise<void> {
  return orWithWords(db, () => awaitNoDevice(name, timeoutMs));
}

async function orWithWords(db: LocalDatabase, wait: () => Promise<void>): Promise<void> {
  const began = new Date();
  try {
    await wait();
  } catch (error) {
    if (!(error instanceof ProductError) || error.code !== 'ERR_NO_DEVICE') throw error;
    throw new ProductError(error.code, `${error.message}: ${await switchWords(began, db)}`);
  }
}
