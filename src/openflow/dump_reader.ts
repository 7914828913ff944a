import { ProductError } from '../net/errors.js';
import { type InstalledFlow, parseDumpedFlow } from './flow.js';

/** Far more than the longest flow of ours; a longer line would never end. */
const MAX_LINE = 1024 * 1024;
/** The longest output, in characters: more than a million flows. */
const MAX_OUTPUT = 256 * 1024 * 1024;

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
  let rest = '';
  let characters = 0;
  for await (const chunk of chunks) {
    characters += chunk.length;
    if (characters > MAX_OUTPUT) throw tooLarge(`flows in more than ${MAX_OUTPUT} characters`);
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw tooLarge(`a flow of more than ${MAX_LINE} characters`);
    for (const line of lines) take(line);
  }
  take(rest);
}

function tooLarge(what: string): ProductError {
  return new ProductError('ERR_MESSAGE_TOO_LARGE', `the switch sent ${what}`);
}
