// Measures the section that its argument names, and sends the report or the error to its parent process.
import { failureLine } from '../lab/failure.js';
import { SECTIONS } from './sections.js';

const section = SECTIONS.find(({ name }) => name === process.argv[2]);
if (section === undefined) throw new Error(`no section is called ${process.argv[2]}`);
// The parent process has ended.
process.on('disconnect', () => process.exit(1));
const answer = await section
  .measure()
  .catch((error) => ({ failure: failureLine(error, `measure it alone: npm run bench -- ${section.name}`) }));
// Ends this process although programs of the section may still run. Its lab is removed at exit.
process.send?.(answer, () => process.exit());
