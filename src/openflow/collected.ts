/** All that `each` hands out. */
export async function collected<T>(each: (visit: (one: T) => void) => Promise<void>): Promise<T[]> {
  const all: T[] = [];
  await each((one) => all.push(one));
  return all;
}
