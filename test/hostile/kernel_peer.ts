import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

const ROUTES = 10_000;
const ADDRESSES = 1_000;
const ELEMENTS = 100_000;

/** What another program of the host does, which has root's rights: each function is one round of it. */
const KINDS: Readonly<Record<string, () => void>> = {
  routes: () => {
    const routes = Array.from({ length: ROUTES }, (_, i) => `172.16.${i >> 8}.${i & 255}/32 dev lo`);
    ip(routes.map((one) => `route add ${one}`));
    ip(routes.map((one) => `route del ${one}`));
  },
  addresses: () => {
    const addresses = Array.from({ length: ADDRESSES }, (_, i) => `192.0.${i >> 8}.${i & 255}/32 dev lo`);
    ip(addresses.map((one) => `addr add ${one}`));
    ip(addresses.map((one) => `addr del ${one}`));
  },
  rules: () => {
    nft(
      'add table inet rival; add chain inet rival c; add rule inet rival c accept; flush chain inet rival c',
    );
  },
  flush: () => {
    nft('flush ruleset');
  },
  table: () => {
    const elements = Array.from({ length: ELEMENTS }, (_, i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
    const table = `table inet ovn-k8s-node { set s { type ipv4_addr; elements = { ${elements.join(',')} } } }`;
    nft(`add table inet ovn-k8s-node; delete table inet ovn-k8s-node; ${table}`);
  },
};

/** Milliseconds between two rounds: the program leaves some of the machine to others. */
const PAUSE_MS = 50;

/** Does what `kind` says again and again. */
export async function troubleKernel(kind: string): Promise<void> {
  const round = KINDS[kind];
  if (round === undefined) throw new Error(`no such kind of program: ${kind}`);
  for (;;) {
    round();
    await pause(PAUSE_MS);
  }
}

function ip(commands: readonly string[]): void {
  execFileSync('ip', ['-force', '-batch', '-'], {
    input: `${commands.join('\n')}\n`,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

function nft(script: string): void {
  execFileSync('nft', ['-f', '-'], { input: `${script}\n`, stdio: ['pipe', 'ignore', 'inherit'] });
}
