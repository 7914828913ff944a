// Writes docs/errors.md from the table of error codes; `npm run docs:errors` runs it.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERROR_CODES } from '../src/net/error_codes.js';

export const ERROR_PAGE = fileURLToPath(new URL('../docs/errors.md', import.meta.url));

const HEAD = `# Errors

<!-- Generated from src/net/error_codes.ts by \`npm run docs:errors\`. -->

Every error that the product explains has a code. A command prints the message without the code, and exits with 1, or
with 2 for a wrong option (\`ERR_USAGE\`). A daemon logs the message and retries. In the sources the error is a
\`ProductError\` (\`src/net/errors.ts\`), whose \`code\` stays the same in later versions while its message may change.
`;

/** Returns the page: one section a code, in alphabetical order. */
export function formatErrorPage(): string {
  const sections = Object.entries(ERROR_CODES)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { cause, remedy }]) => `\n## ${code}\n\n${cause}\n\nRemedy: ${remedy}\n`);
  return HEAD + sections.join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(ERROR_PAGE, formatErrorPage());
