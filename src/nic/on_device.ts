import type { Snapshot } from '../host/snapshot.js';

/** Returns a snapshot of `device` with the link of `snapshot` and nothing else. */
export function emptyOn({ link }: Snapshot, device: string): Snapshot {
  return { device, link, addresses: [], routes: [], rules: [], neighbours: [] };
}

/** Returns `snapshot` with its device's name replaced by `device` everywhere: what it becomes after a move. */
export function onDevice(snapshot: Snapshot, device: string): Snapshot {
  const name = <T extends string | undefined>(dev: T) => (dev === snapshot.device ? device : dev);
  const relabel = (label: string) =>
    label.startsWith(snapshot.device) ? `${device}${label.slice(snapshot.device.length)}` : label;
  return {
    ...snapshot,
    device,
    addresses: snapshot.addresses.map(({ label, ...one }) => ({
      ...one,
      ...(label === undefined ? {} : { label: relabel(label) }),
    })),
    routes: snapshot.routes.map((route) => ({
      ...route,
      ...(route.dev === undefined ? {} : { dev: name(route.dev) }),
      ...(route.nexthops === undefined
        ? {}
        : {
            nexthops: route.nexthops.map((hop) =>
              hop.dev === undefined ? hop : { ...hop, dev: name(hop.dev) },
            ),
          }),
    })),
    rules: snapshot.rules.map((rule) => ({
      ...rule,
      ...(rule.iif === undefined ? {} : { iif: name(rule.iif) }),
      ...(rule.oif === undefined ? {} : { oif: name(rule.oif) }),
    })),
  };
}
