import { connectSwitch, type Switch } from './bridge_rows.js';
import type { Plan } from './plan.js';
import type { MoveOptions } from './to_bridge.js';

export interface MoveAllOptions extends MoveOptions {
  readonly db: string;
  readonly dryRun: boolean;
}

/**
 * Plans the move of each named interface or bridge before the first one is touched, then runs them in order, and
 * prints what the operator must know. A dry run prints the plans instead.
 */
export async function moveAll(
  names: readonly string[],
  planFor: (db: Switch, name: string, options: MoveOptions) => Promise<Plan>,
  options: MoveAllOptions,
): Promise<void> {
  const db = await connectSwitch(options.db, options.timeoutMs);
  try {
    const plans: Plan[] = [];
    for (const name of names) plans.push(await planFor(db, name, options));
    for (const plan of plans) {
      if (options.dryRun) {
        process.stdout.write(String(plan));
      } else {
        await plan.run();
        for (const remark of plan.remarks) process.stdout.write(`note: ${remark}\n`);
      }
    }
  } finally {
    db.close();
  }
}
