/** Prints a row of a table while it grows: each cell but the last has the width of its column. */
export function printColumns(cells: readonly string[], widths: readonly number[]): void {
  const padded = cells.map((cell, i) => cell.padEnd(widths[i] ?? 0));
  process.stdout.write(`${padded.join('  ').trimEnd()}\n`);
}
