/** Returns the expression that matches what a shell pattern with `*`, `?` and `[…]` matches (glob(7)), without folders. */
export function globbed(pattern: string): RegExp {
  const parts = pattern.match(/\[[!^]?[^\]/]+\]|[\s\S]/g) ?? [];
  const text = parts.map((part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 1) return part.replace(/^\[[!^]/, '[^').replaceAll('\\', '\\\\');
    return part.replace(/[.*+?^${}()|[\]\\]/, '\\$&');
  });
  return new RegExp(`^${text.join('')}$`);
}
