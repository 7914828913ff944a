/** The peer that misbehaves. */
export type PeerName = 'unixctl' | 'local database' | 'northbound' | 'switch' | 'API server' | 'kernel';

/** One hostile peer, and how it misbehaves. */
export interface Case {
  readonly peer: PeerName;
  readonly kind: string;
  /** What the peer sends, for the table. */
  readonly input: string;
  /** Of the switch: the helper's `--flow-channel`. */
  readonly channel?: 'ofctl' | 'openflow';
  /** How long it lasts, in milliseconds, if longer than the others. */
  readonly lastsMs?: number;
}

/** A silent peer is sent a keepalive after two intervals of 5 s at the latest, and given up after another one. */
const GIVEN_UP_MS = 16_500;

const UNIXCTL: readonly [kind: string, input: string][] = [
  ['parameter', 'a parameter that is not a string'],
  ['deep', 'a request nested 100,000 deep'],
  ['deep id', 'an id nested 100,000 deep'],
  ['crowd', '1,000 connections'],
  ['unread', '16 clients that send requests and read nothing'],
  ['trickle', '64 clients that send an octet each 0.4 s'],
];

const DATABASE: readonly [kind: string, input: string, lastsMs?: number][] = [
  ['huge', 'a message of 600 MB', 5_000],
  ['values', 'a message of 100 million values', 5_000],
  ['deep', 'a message nested 1 million deep'],
  ['echoes', 'echo requests, reads no reply'],
  ['trickle', 'an octet each 0.4 s', GIVEN_UP_MS],
  ['rows', 'rows that contradict the schema'],
  ['garbage', 'garbage'],
  ['closes', 'closes at once'],
  ['silence', 'never answers'],
];

const SWITCH: readonly [kind: string, input: string, lastsMs?: number][] = [
  ['endless', 'an answer with flows that does not end', 5_000],
  ['echoes', 'echo requests, reads no reply'],
  ['news', 'news of ports without end'],
  ['trickle', 'an octet each 0.4 s'],
  ['garbage', 'garbage'],
  ['closes', 'closes at once'],
  ['silence', 'never answers'],
];

const API: readonly [kind: string, input: string, lastsMs?: number][] = [
  ['large page', 'a page of 200 MB', 5_000],
  ['endless pages', 'pages without end', 5_000],
  ['trickling watch', 'a watch with an octet each 0.4 s'],
  ['long line', 'a watch with a line that does not end', 5_000],
  ['deep list', 'a list nested 10 million deep'],
  ['gzip bomb', 'a list of 1 GiB in gzip'],
  ['garbage lines', 'a watch with garbage lines'],
  ['garbage', 'garbage'],
  ['closes', 'closes at once'],
  ['silence', 'never answers'],
];

/** What another program of the host does to the kernel, which has no limits of its own for root. */
const KERNEL: readonly [kind: string, input: string, lastsMs?: number][] = [
  ['routes', '10,000 routes come and go', 5_000],
  ['addresses', '1,000 addresses come and go', 5_000],
  ['rules', 'rules of another nft table change all the time'],
  ['flush', 'all nft tables are flushed again and again', 5_000],
  ['table', 'a table of our name with 100,000 elements, again', 5_000],
];

const lasting = (lastsMs: number | undefined) => (lastsMs === undefined ? {} : { lastsMs });

export const CASES: readonly Case[] = [
  ...UNIXCTL.map(([kind, input]): Case => ({ peer: 'unixctl', kind, input })),
  ...(['local database', 'northbound'] as const).flatMap((peer) =>
    DATABASE.map(([kind, input, lastsMs]): Case => ({ peer, kind, input, ...lasting(lastsMs) })),
  ),
  ...(['openflow', 'ofctl'] as const).flatMap((channel) =>
    SWITCH.map(
      ([kind, input, lastsMs]): Case => ({
        ...{ peer: 'switch', kind, input, channel },
        ...lasting(lastsMs),
      }),
    ),
  ),
  ...API.map(([kind, input, lastsMs]): Case => ({ peer: 'API server', kind, input, ...lasting(lastsMs) })),
  ...KERNEL.map(([kind, input, lastsMs]): Case => ({ peer: 'kernel', kind, input, ...lasting(lastsMs) })),
];

/** Returns one case. */
export function caseOf(peer: PeerName, kind: string, channel?: Case['channel']): Case {
  const found = CASES.find(
    (one) => one.peer === peer && one.kind === kind && (channel === undefined || one.channel === channel),
  );
  if (found === undefined) throw new Error(`no case ${peer} ${kind}`);
  return found;
}
