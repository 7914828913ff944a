import { runLines } from './run_lines.js';
import type { Surroundings } from './surroundings.js';

/**
 * Makes the kernel notify its connected routes of a device again, by deleting and adding each. systemd-networkd 257 takes
 * no note of those of a device that it does not manage yet, and then waits for ever to set a route through a gateway of
 * such a subnet.
 */
export async function announceConnectedRoutes(
  { run }: Pick<Surroundings, 'run'>,
  device: string,
): Promise<void> {
  const [v4, v6] = await Promise.all(
    ['-4', '-6'].map((family) => run('ip', family, 'route', 'show', 'dev', device, 'proto', 'kernel')),
  );
  const routes = [...connectedRoutesIn(v4 ?? ''), ...connectedRoutesIn(v6 ?? '')];
  // The kernel may delete one first, with its address.
  await runLines(
    routes.flatMap((words) =>
      ['del', 'add'].map((verb) => `route ${verb} ${words.join(' ')} dev ${device} proto kernel`),
    ),
  );
}

/**
 * Returns the connected routes in the output of `ip route show dev DEVICE proto kernel`, as words. Leaves out link-local
 * ones, which have no gateway, and those of router advertisements, which expire.
 */
export function connectedRoutesIn(output: string): string[][] {
  return output
    .split('\n')
    .map((line) =>
      line
        .trim()
        .split(/\s+/)
        .filter((word) => !FLAGS.includes(word)),
    )
    .filter(
      ([prefix = '', ...rest]) =>
        /\/\d+$/.test(prefix) && !/^(fe80:|ff)/.test(prefix) && !rest.includes('expires'),
    );
}

/** Words of the state of a route, which cannot be set. */
const FLAGS: readonly string[] = ['linkdown', 'dead'];
