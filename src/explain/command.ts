import { type Command, Option } from 'commander';
import { directories } from '../daemon/directories.js';
import { readMilliseconds } from '../daemon/timeout.js';
import { UsageError } from '../net/errors.js';
import { parseMac } from '../net/mac.js';
import type { PacketSource } from './run.js';

/** No frame is longer, even one that the NIC merged from many (GRO). */
const MAX_FRAME_BYTES = 256 * 1024;

/** Adds `explain` to `ovn-k8s-util`. */
export function addExplain(command: Command): void {
  command
    .command('explain')
    .description(
      "explain what the gateway's bridge does with a packet: its class, the flow that decides, its outputs",
    )
    .argument(
      '[packet...]',
      'PROTOCOL SOURCE[:PORT] TARGET[:PORT], for example tcp 198.51.100.1:40000 203.0.113.10:80',
    )
    .option('--hex <octets>', 'a frame in hexadecimal; repeat it for more frames', collect)
    .option('--pcap <file>', 'read the packets from a capture file')
    .addOption(
      new Option('--in <port>', 'the port of the bridge that the packet comes in by')
        .choices(['phys', 'local', 'patch'])
        .default('phys'),
    )
    .option('--dl-src <mac>', 'source MAC of a packet given as PROTOCOL SOURCE TARGET')
    .option('--dl-dst <mac>', 'destination MAC of a packet given as PROTOCOL SOURCE TARGET')
    .addOption(
      new Option(
        '--ct-state <state>',
        'state of the connection, where connection tracking decides (docs/explain.md)',
      )
        .choices(['new', 'est', 'rel'])
        .default('new'),
    )
    .option(
      '--state <file>',
      'read the state of the gateway from a file, as state/show of the helper prints it',
    )
    .option('--verify', 'check against the running switch (ofproto/trace); exit 1 if it does something else')
    .option('--count', 'print packets and bytes of each class instead of each packet')
    .option('--json', 'print one JSON object for each packet')
    .option('--timeout <seconds>', 'how long to wait for the helper and the switch', '5')
    .action(async (words: readonly string[], given: Record<string, unknown>) => {
      const { runExplain } = await import('./run.js');
      const verify = given.verify === true;
      const count = given.count === true;
      if (verify && count) throw new UsageError('--verify and --count exclude each other');
      const agrees = await runExplain({
        source: readSource(words, given),
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

/** @throws UsageError unless the options name exactly one source */
function readSource(
  words: readonly string[],
  { hex, pcap, dlSrc, dlDst }: Record<string, unknown>,
): PacketSource {
  const kinds = [words.length > 0, hex !== undefined, pcap !== undefined].filter(Boolean).length;
  if (kinds !== 1)
    throw new UsageError('give exactly one of PROTOCOL SOURCE TARGET, --hex=OCTETS and --pcap=FILE');
  if (typeof pcap === 'string') return { kind: 'pcap', path: pcap };
  if (Array.isArray(hex)) return { kind: 'hex', frames: hex.map((octets) => readHex(String(octets))) };
  const mac = (text: unknown) => (typeof text === 'string' ? parseMac(text) : undefined);
  return { kind: 'tuple', words, link: { src: mac(dlSrc), dst: mac(dlDst) } };
}

function readHex(text: string): Buffer {
  const digits = text.replaceAll(/[\s:]/g, '');
  if (digits === '' || digits.length % 2 === 1 || !/^[0-9a-f]+$/i.test(digits))
    throw new UsageError(
      '--hex takes the octets of a frame, from its Ethernet header on, as two digits each',
    );
  if (digits.length / 2 > MAX_FRAME_BYTES)
    throw new UsageError(`--hex takes at most ${MAX_FRAME_BYTES} octets`);
  return Buffer.from(digits, 'hex');
}
