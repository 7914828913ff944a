import { type InstalledFlow, parseDumpedFlow } from './flow.js';

/** Far more than the longest flow of ours; a longer line would never end. */
const MOST_CHARACTERS = 1024 * 1024;

type Chunks = AsyncIterable<string> | Iterable<string>;

/**
 * Parses the output of `ovs-ofctl dump-flows` while it arrives: 50,000 flows are 10 MB of text, which are never in
 * memory at once, and half a second of work, in parts between which other events are handled.
 */
export async function eachDumped(chunks: Chunks, visit: (flow: InstalledFlow) => void): Promise<void> {
  const take = (line: string) => {
    const flow = parseDumpedFlow(line);
    if (flow !== undefined) visit(flow);
  };
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MOST_CHARACTERS)
      throw new RangeError(`a flow of more than ${MOST_CHARACTERS} characters`);
    for (const line of lines) take(line);
  }
  take(rest);
}
