import { type InstalledFlow, type Meaning, parseDumpedFlow, parseMeaning } from './flow.js';

/**
 * Reads one dump of a bridge after the other. But for counters most lines stood in the dump before, so what
 * they mean is kept until the next one: of a thousand flows that is 30 ms and their garbage at each look.
 */
export function dumpReader(): (dump: string) => InstalledFlow[] {
  let known: ReadonlyMap<string, Meaning> = new Map();
  return (dump) => {
    const seen = new Map<string, Meaning>();
    const meaningOf = (table: string, where: string, what: string): Meaning => {
      const spelled = `${table} ${where} ${what}`;
      const meaning = known.get(spelled) ?? parseMeaning(table, where, what);
      seen.set(spelled, meaning);
      return meaning;
    };
    const flows = dump.split('\n').flatMap((line) => parseDumpedFlow(line, meaningOf) ?? []);
    known = seen;
    return flows;
  };
}
