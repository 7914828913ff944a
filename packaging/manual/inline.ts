/** Resolves the target of a link on a page to what a reader of man pages can open; `undefined` for the text alone. */
export type LinkTarget = (target: string) => string | undefined;

/** Turns a text with Markdown's `code`, **strong** and [links](x) into one of roff (groff_man(7)). */
export function inline(text: string, linkTarget: LinkTarget = () => undefined): string {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)\s]+\))/).map((part) => {
    if (/^`.+`$/.test(part)) return bold(literal(part.slice(1, -1)));
    if (/^\*\*.+\*\*$/.test(part)) return bold(escaped(part.slice(2, -2)));
    const [, label, target] = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part) ?? [];
    if (label === undefined || target === undefined) return escaped(part);
    const place = linkTarget(target);
    const shown = inline(label);
    return place === undefined || place === label ? shown : `${shown} (${escaped(place)})`;
  });
  return guarded(parts.join(''));
}

/** Escapes a text in which a hyphen may be broken and need not be typed. */
export function escaped(text: string): string {
  return text.replaceAll('\\', '\\e');
}

/** Keeps a line that begins with a dot or an apostrophe from being a request. */
function guarded(roff: string): string {
  return roff.replaceAll(/^(?=[.'])/gm, '\\&');
}

/** Escapes a text that readers type: its hyphens are those of the keyboard. */
export function literal(text: string): string {
  return guarded(escaped(text).replaceAll('-', '\\-').replaceAll("'", '\\(aq').replaceAll('`', '\\(ga'));
}

export function bold(text: string): string {
  return `\\fB${text}\\fR`;
}
