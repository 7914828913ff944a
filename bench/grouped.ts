/** Groups items by name, in the order in which the names first occur. */
export function grouped<T, N>(items: Iterable<T>, nameOf: (item: T) => N): [N, T[]][] {
  const groups = new Map<N, T[]>();
  for (const item of items) {
    const group = groups.get(nameOf(item)) ?? [];
    group.push(item);
    groups.set(nameOf(item), group);
  }
  return [...groups];
}
