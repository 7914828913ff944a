import { execa } from 'execa';
import type { Offloads } from './facts.js';

/** Reads an interface's driver and the offloads that are on (ethtool(8), `-i` and `-k`). */
export async function readOffloads(device: string, timeoutMs: number): Promise<Offloads> {
  const options = { timeout: timeoutMs, stdin: 'ignore' } as const;
  const [driver, features] = await Promise.all([
    execa('ethtool', ['-i', device], options),
    execa('ethtool', ['-k', device], options),
  ]);
  return parseOffloads(driver.stdout, features.stdout);
}

/** Parses the outputs of `ethtool -i` and `ethtool -k`. */
export function parseOffloads(driver: string, features: string): Offloads {
  return {
    driver: /^driver: (.*)$/m.exec(driver)?.[1] ?? '',
    on: new Set([...features.matchAll(/^\s*([a-z0-9-]+): on\b/gm)].map(([, name = '']) => name)),
  };
}
