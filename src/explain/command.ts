import { type Command, Option } from 'commander';
import { directories } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { UsageError } from '../net/errors.js';
import { parseMac } from '../net/mac.js';
import type { Given } from './run.js';

/** No frame is longer, whatever has been merged into it. */
const MAX_FRAME_BYTES = 256 * 1024;

/** Adds `explain` to `ovn-k8s-util`. */
export function addExplain(command: Command): void {
  command
    .command('explain')
    .description(
      "say what the gateway's bridge does with a packet: its class, the flow that decides, where it goes",
    )
    .argument(
      '[packet...]',
      'PROTOCOL SOURCE[:PORT] TARGET[:PORT], as tcp 198.51.100.1:40000 203.0.113.10:80',
    )
    .option('--hex <octets>', 'a frame in hexadecimal; can be given again', collect)
    .option('--pcap <file>', 'the packets of a capture')
    .addOption(
      new Option('--in <side>', 'the port of the bridge that it comes in by')
        .choices(['phys', 'local', 'patch'])
        .default('phys'),
    )
    .option('--dl-src <mac>', 'of PROTOCOL SOURCE TARGET: where the frame comes from')
    .option('--dl-dst <mac>', 'of PROTOCOL SOURCE TARGET: where the frame goes to')
    .addOption(
      new Option('--ct-state <state>', 'with --demux=conntrack: what connection tracking says of it')
        .choices(['new', 'est', 'rel'])
        .default('new'),
    )
    .option(
      '--state <file>',
      'the state of the gateway, as state/show of the helper prints it, instead of asking it',
    )
    .option('--verify', 'ask the running switch (ofproto/trace) whether it does the same; exit 1 if not')
    .option('--count', 'packets and bytes of each class instead of each packet')
    .option('--json', 'one JSON object a packet instead of text')
    .option('--timeout <seconds>', 'how long the helper and the switch may take', '5')
    .action(async (words: readonly string[], given: Record<string, unknown>) => {
      const { runExplain } = await import('./run.js');
      const verify = given.verify === true;
      const count = given.count === true;
      if (verify && count) throw new UsageError('--verify and --count exclude each other');
      const agrees = await runExplain({
        given: readGiven(words, given),
        from: given.in === 'local' || given.in === 'patch' ? given.in : 'phys',
        stateFile: typeof given.state === 'string' ? given.state : undefined,
        ct: given.ctState === 'est' || given.ctState === 'rel' ? given.ctState : 'new',
        verify,
        count,
        json: given.json === true,
        rundir: directories(process.env).run,
        timeoutMs: readMilliseconds(String(given.timeout)),
      });
      if (!agrees) process.exitCode = 1;
    });
}

function collect(octets: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), octets];
}

/** @throws UsageError unless exactly one kind of packet is given */
function readGiven(words: readonly string[], { hex, pcap, dlSrc, dlDst }: Record<string, unknown>): Given {
  const kinds = [words.length > 0, hex !== undefined, pcap !== undefined].filter(Boolean).length;
  if (kinds !== 1)
    throw new UsageError(
      'give a packet: PROTOCOL SOURCE TARGET, --hex=OCTETS or --pcap=FILE, and one of these only',
    );
  if (typeof pcap === 'string') return { kind: 'pcap', path: pcap };
  if (Array.isArray(hex)) return { kind: 'hex', frames: hex.map((octets) => readHex(String(octets))) };
  const mac = (text: unknown) => (typeof text === 'string' ? parseMac(text) : undefined);
  return { kind: 'tuple', words, link: { src: mac(dlSrc), dst: mac(dlDst) } };
}

function readHex(text: string): Buffer {
  const digits = text.replaceAll(/[\s:]/g, '');
  if (digits === '' || digits.length % 2 === 1 || !/^[0-9a-f]+$/i.test(digits))
    throw new UsageError('--hex takes the octets of a frame, from its Ethernet header on, two digits each');
  if (digits.length / 2 > MAX_FRAME_BYTES)
    throw new UsageError(`--hex takes at most ${MAX_FRAME_BYTES} octets`);
  return Buffer.from(digits, 'hex');
}
