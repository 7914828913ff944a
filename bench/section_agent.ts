// Measures the section that it is told the name of, and sends what came of it to the process that started it.
import type { Outcome } from './outcome.js';
import { SECTIONS } from './sections.js';

const section = SECTIONS.find(({ name }) => name === process.argv[2]);
if (section === undefined) throw new Error(`no section is called ${process.argv[2]}`);
// Nobody waits for it any more.
process.on('disconnect', () => process.exit(1));
const outcome = await measure(section);
process.send?.(outcome, () => {
  // What a section left running has no more to say, and its lab goes with this process.
  process.exit();
});

async function measure({ name, about, measure }: (typeof SECTIONS)[number]): Promise<Outcome> {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  try {
    const { figures, notes = [] } = await measure();
    return { name, about, figures, notes, seconds: seconds() };
  } catch (error) {
    const failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { name, about, figures: [], notes: [], failure, seconds: seconds() };
  }
}
