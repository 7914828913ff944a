import type { FragmentMode, SwitchSettings } from './channel.js';
import { LOCAL, type Ofport, parsePort } from './ofport.js';

/**
 * Parses the output of `ovs-ofctl -O OpenFlow10 --no-names show`: `N(NAME): addr:…` begins a port, `config:` has its
 * flags, and `OFPT_GET_CONFIG_REPLY … frags=MODE` comes last.
 * @throws ProductError for a port number that no port has
 */
export function parseShow(text: string): SwitchSettings {
  const noFlood = new Set<Ofport>();
  let port: Ofport | undefined;
  for (const line of text.split('\n')) {
    const [, number] = /^ (\d+|LOCAL)(?:\([^)]*\))?: addr:/.exec(line) ?? [];
    if (number !== undefined) port = parsePort(number);
    if (port !== undefined && port !== LOCAL && /^\s+config: .*\bNO_FLOOD\b/.test(line)) noFlood.add(port);
  }
  const [, mode] = /frags=([a-z-]+)/.exec(text) ?? [];
  return { fragments: isFragmentMode(mode) ? mode : 'normal', noFlood };
}

function isFragmentMode(text: string | undefined): text is FragmentMode {
  return text === 'normal' || text === 'drop' || text === 'reassemble' || text === 'nx-match';
}
