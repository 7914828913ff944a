// Measures the section that it is told the name of, and sends the report, or why there is none, to the process that started it.
import { SECTIONS } from './sections.js';

const section = SECTIONS.find(({ name }) => name === process.argv[2]);
if (section === undefined) throw new Error(`no section is called ${process.argv[2]}`);
// Whoever started it has gone.
process.on('disconnect', () => process.exit(1));
const answer = await section
  .measure()
  .catch((error) => ({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }));
// What a section left running has no more to say, and its lab goes with this process.
process.send?.(answer, () => process.exit());
