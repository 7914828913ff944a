import { isIPv6 } from 'node:net';
import { UsageError } from '../net/errors.js';

/** One address of a database (ovsdb(7), "Connection Methods"). */
export type Remote =
  | { readonly kind: 'unix'; readonly path: string; readonly text: string }
  | { readonly kind: 'tcp' | 'ssl'; readonly host: string; readonly port: number; readonly text: string };

const DEFAULT_PORT = 6640;

/**
 * Parses `unix:PATH`, `tcp:HOST[:PORT]`, `ssl:HOST[:PORT]`, or several separated by commas. IPv6 hosts are in brackets.
 * @throws UsageError naming the part that cannot be parsed
 */
export function parseRemotes(text: string): readonly Remote[] {
  return text.split(',').map((part) => parseRemote(part.trim()));
}

function parseRemote(text: string): Remote {
  const [, scheme, rest = ''] = /^(unix|tcp|ssl):(.+)$/.exec(text) ?? [];
  if (scheme === 'unix') return { kind: 'unix', path: rest, text };
  const [, bracketed, plain, port = String(DEFAULT_PORT)] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(rest) ?? [];
  const host = bracketed ?? plain;
  const isHost = host !== undefined && (bracketed === undefined || isIPv6(bracketed));
  if ((scheme !== 'tcp' && scheme !== 'ssl') || !isHost || Number(port) < 1 || Number(port) > 65535) {
    throw new UsageError(`"${text}" is not a database: give unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT`);
  }
  return { kind: scheme, host, port: Number(port), text };
}
