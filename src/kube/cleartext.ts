import { type LookupAddress, lookup } from 'node:dns';
import type { RequestOptions } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { ProductError } from '../net/errors.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * Returns the options that keep a token on this host if `server` is asked without encryption: every host of the network
 * could read it. `localhost` is looked up again for each connection, as its address is whatever the resolver says.
 * @param source names the setting in messages
 * @throws ProductError `ERR_CLEARTEXT` for a server that is not on this host
 */
export function keepOnThisHost(
  { protocol, hostname }: URL,
  source: string,
  resolve: typeof lookup = lookup,
): Pick<RequestOptions, 'lookup'> {
  if (protocol === 'https:') return {};
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(host)) return {};
  if (host !== 'localhost') throw refusal(source, host);
  return {
    lookup: (name, options, callback) =>
      resolve(name, { ...options, all: true }, (error, addresses) => {
        const other = addresses?.find(({ address }) => !isLoopback(address));
        const [first] = addresses ?? [];
        if (error !== null || first === undefined)
          callback(error ?? refusal(source, name), [] as LookupAddress[]);
        else if (other !== undefined) callback(refusal(source, other.address), [] as LookupAddress[]);
        else if (options.all === true) callback(null, addresses);
        else callback(null, first.address, first.family);
      }),
  };
}

function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function refusal(source: string, host: string): ProductError {
  return new ProductError(
    'ERR_CLEARTEXT',
    `${source}: a token would go to ${host} over http://, where others can read it; give https://, or remove the token`,
  );
}
