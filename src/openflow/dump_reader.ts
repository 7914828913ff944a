import { type InstalledFlow, parseDumpedFlow } from './flow.js';

/** No flow of ours is longer by far; a line of more characters is one on its way to no end. */
const MOST_CHARACTERS = 1024 * 1024;

type Chunks = AsyncIterable<string> | Iterable<string>;

/** The flows that `ovs-ofctl dump-flows` prints. */
export async function readDump(chunks: Chunks): Promise<InstalledFlow[]> {
  const flows: InstalledFlow[] = [];
  await eachDumped(chunks, (flow) => flows.push(flow));
  return flows;
}

/**
 * Reads what `ovs-ofctl dump-flows` prints as it comes: of 50,000 flows that is 10 MB, which nobody needs as a
 * whole, and half a second of work, which others need not wait for.
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
