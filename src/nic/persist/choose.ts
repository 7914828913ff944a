import { ProductError } from '../../net/errors.js';
import type { Manager, PersistChoice } from './manager.js';

/** The manager whose files will change, or `undefined` if none does; and why. */
export interface Choice {
  readonly manager: Manager | undefined;
  readonly why: string;
}

/**
 * Chooses the manager that configures the NIC.
 * @throws ProductError `ERR_PERSIST` if the manager that the operator names does not configure the NIC, or two do
 */
export async function chooseManager(
  choice: PersistChoice,
  nic: string,
  managers: readonly Manager[],
): Promise<Choice> {
  if (choice === 'none') return { manager: undefined, why: 'without --persist, no file is written' };
  const found = await claims(nic, managers);
  if (choice !== 'auto') {
    const named = found.find(({ manager }) => manager?.name === choice);
    if (named !== undefined) return named;
    const others = found.length === 0 ? 'no known manager does' : found.map(({ why }) => why).join('; ');
    throw new ProductError('ERR_PERSIST', `${nic}: ${choice} does not configure it (${others})`);
  }
  const [first, ...others] = found;
  if (first === undefined)
    return {
      manager: undefined,
      why: `${nic}: no known network manager configures it, so nothing is written that outlives a reboot`,
    };
  if (others.length > 0)
    throw new ProductError(
      'ERR_PERSIST',
      `${nic}: more than one network manager configures it; ` +
        `leave it to one, or name one with --persist: ${found.map(({ why }) => why).join('; ')}`,
    );
  return first;
}

async function claims(nic: string, managers: readonly Manager[]): Promise<Choice[]> {
  const found: Choice[] = [];
  for (const manager of managers) {
    const why = await manager.find(nic);
    if (why !== undefined) found.push({ manager, why: `${manager.name} configures ${nic}: ${why}` });
  }
  return found;
}
