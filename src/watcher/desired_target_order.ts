/**
 * Returns the destinations of a virtual address in the order that lets most clients keep theirs, if OVN chooses by a
 * hash of the client: it hashes to a position in the list. A destination that stays keeps its position; new ones take
 * the positions of those that left; the last ones move to positions that are still free.
 * @param before the destinations that the row has, separated by commas
 * @param after the destinations that it should have, in any order
 */
export function keepPositions(before: string, after: string): string {
  const fresh = new Set(listOf(after));
  // `delete` returns whether the destination stays.
  const positions = listOf(before).map((one) => (fresh.delete(one) ? one : undefined));
  const added = fresh.values();
  const filled = positions.map((one) => one ?? added.next().value);
  filled.push(...added);
  closeGaps(filled);
  return filled.filter((one) => one !== undefined).join(',');
}

/** Moves the last entries of a list to the free positions before them. */
function closeGaps(list: (string | undefined)[]): void {
  let last = list.length - 1;
  for (const [position, one] of list.entries()) {
    if (one !== undefined) continue;
    while (last > position && list[last] === undefined) last -= 1;
    if (last <= position) return;
    list[position] = list[last];
    list[last] = undefined;
  }
}

function listOf(targets: string): string[] {
  return targets.split(',').filter(Boolean);
}
