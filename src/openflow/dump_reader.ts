import { ProductError } from '../net/errors.js';
import { type InstalledFlow, parseDumpedFlow } from './flow.js';
import { LineReader } from './line_reader.js';

/** The longest output, in characters: some 150,000 flows like ours, and 100 MB once parsed. */
const MAX_OUTPUT = 32 * 1024 * 1024;

type Chunks = AsyncIterable<string> | Iterable<string>;

/**
 * Parses the output of `ovs-ofctl dump-flows` while it arrives: 50,000 flows are 10 MB of text, which are never in
 * memory at once, and half a second of work, in parts between which other events are handled.
 * @throws ProductError `ERR_MESSAGE_TOO_LARGE`
 */
export async function eachDumped(chunks: Chunks, visit: (flow: InstalledFlow) => void): Promise<void> {
  const take = (line: string) => {
    const flow = parseDumpedFlow(line);
    if (flow !== undefined) visit(flow);
  };
  const lines = new LineReader();
  let characters = 0;
  for await (const chunk of chunks) {
    characters += chunk.length;
    if (characters > MAX_OUTPUT) {
      const why = `the switch sent flows in more than ${MAX_OUTPUT} characters`;
      throw new ProductError('ERR_MESSAGE_TOO_LARGE', why);
    }
    for (const line of lines.push(chunk)) take(line);
  }
  take(lines.last());
}
