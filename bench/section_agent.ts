// Measures the section that its argument names, and sends the report or the error to its parent process.
import { failInOneLine, failureLine } from '../lab/failure.js';
import { SECTIONS } from './sections.js';

const [, , name = ''] = process.argv;
const remedy = `measure it alone: npm run bench -- ${name}`;
failInOneLine(`bench ${name}`, remedy);
const section = SECTIONS.find((one) => one.name === name);
if (section === undefined) throw new Error(`no section is called ${name}`);
// The parent process has ended.
process.on('disconnect', () => process.exit(1));
const answer = await section.measure().catch((error) => ({ failure: failureLine(error, remedy) }));
// Ends this process although programs of the section may still run. Its lab is removed at exit.
process.send?.(answer, () => process.exit());
