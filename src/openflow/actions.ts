import { formatPort, type Ofport, parsePort } from './ofport.js';

/** The actions that the product uses (ovs-actions(7)). A flow with an empty list drops. */
export type Action =
  | { readonly kind: 'output'; readonly port: Ofport }
  | { readonly kind: 'normal' }
  | { readonly kind: 'ct'; readonly zone: number; readonly commit?: boolean; readonly table?: number }
  | { readonly kind: 'set_reg0'; readonly value: number }
  | { readonly kind: 'pop_vlan' }
  | { readonly kind: 'resubmit'; readonly table: number };

/** Formats `actions` as `ovs-ofctl dump-flows` prints them. */
export function formatActions(actions: readonly Action[]): string {
  return actions.length === 0 ? 'drop' : actions.map(formatAction).join(',');
}

function formatAction(action: Action): string {
  switch (action.kind) {
    case 'output':
      return formatPort(action.port) === 'LOCAL' ? 'LOCAL' : `output:${action.port}`;
    case 'normal':
      return 'NORMAL';
    case 'ct': {
      const commit = action.commit ? ['commit'] : [];
      const table = action.table === undefined ? [] : [`table=${action.table}`];
      return `ct(${[...commit, ...table, `zone=${action.zone}`].join(',')})`;
    }
    case 'set_reg0':
      return `set_field:${action.value === 0 ? '0' : `0x${action.value.toString(16)}`}->reg0`;
    case 'pop_vlan':
      return 'pop_vlan';
    case 'resubmit':
      return `resubmit(,${action.table})`;
  }
}

/** Far more than our longest actions, in characters. The time to parse a text grows with the square of its length. */
const MAX_TEXT = 2_000;

/**
 * Parses what {@link formatActions} and `ovs-ofctl` print; returns `undefined` for actions that the product never
 * writes.
 */
export function parseActions(text: string): readonly Action[] | undefined {
  if (text === 'drop') return [];
  if (text.length > MAX_TEXT) return undefined;
  const actions: Action[] = [];
  for (const token of text.match(/[^,(]+(\([^)]*\))?/g) ?? []) {
    const action = parseAction(token);
    if (action === undefined) return undefined;
    actions.push(action);
  }
  return actions;
}

function parseAction(token: string): Action | undefined {
  if (token === 'NORMAL') return { kind: 'normal' };
  if (token === 'pop_vlan') return { kind: 'pop_vlan' };
  const port = parsePort(token.replace(/^output:/, ''));
  if (port !== undefined) return { kind: 'output', port };
  const [, register] = /^set_field:(0|0x[0-9a-f]+)->reg0$/.exec(token) ?? [];
  if (register !== undefined) return { kind: 'set_reg0', value: Number(register) };
  const [, resubmitTable] = /^resubmit\(,(\d+)\)$/.exec(token) ?? [];
  if (resubmitTable !== undefined) return { kind: 'resubmit', table: Number(resubmitTable) };
  const [, ct] = /^ct\(([^)]*)\)$/.exec(token) ?? [];
  return ct === undefined ? undefined : parseCt(ct.split(','));
}

function parseCt(parts: readonly string[]): Action | undefined {
  const numberOf = (name: string) =>
    parts
      .map((part) => part.split('='))
      .find(([key, value]) => key === name && /^\d+$/.test(value ?? ''))?.[1];
  const [zone, table] = [numberOf('zone'), numberOf('table')];
  const commit = parts.includes('commit');
  const understood = [zone, table].filter((part) => part !== undefined).length + (commit ? 1 : 0);
  if (zone === undefined || understood !== parts.length) return undefined;
  return {
    kind: 'ct',
    zone: Number(zone),
    ...(commit ? { commit } : {}),
    ...(table === undefined ? {} : { table: Number(table) }),
  };
}
