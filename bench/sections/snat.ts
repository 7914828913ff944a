import { startCluster } from '../../lab/cluster.js';
import { gatewayInit, initCluster, overlayWell, podOptions, startGatewayHelper } from '../../lab/overlay.js';
import type { Figure, Report, Section } from '../figure.js';
import { openMany, serveDatagrams } from '../lab/datagrams.js';
import { OUTSIDE } from '../lab/gateway.js';

/** Port ranges without overlap, because a closed connection still holds its port for a while. */
const RANGES = [
  [61_000, 61_063],
  [61_100, 61_611],
  [61_700, 65_535],
] as const;
/** The ratio of connections to ports in the range. */
const MORE = 1.25;
const PORT = 5004;

export const snat: Section = {
  name: 'snat-range',
  about: [
    'A pod on a gateway with real OVN opens UDP connections to one port of one server outside, 128 at a time: a quarter more',
    'than the SNAT range has ports. Each waits 1 s for its first answer. The number of answered connections, compared with',
    'the number of ports, and the rate of new connections until the range is used up.',
  ],

  async measure(): Promise<Report> {
    const cluster = await startCluster({ nodes: ['master', 'gw1'] });
    const gateway = cluster.node('gw1');
    await initCluster(cluster, ['gw1']);
    await startGatewayHelper(gateway);
    const pod = await cluster.pod(gateway, 'pod', podOptions(gateway, 2, 1));
    await serveDatagrams(cluster.outside, PORT);
    await cluster.settled();
    const figures: Figure[] = [];
    for (const [lo, hi] of RANGES) {
      await overlayWell(gateway, ...gatewayInit(gateway, `--snat-port-range=${lo}-${hi}`));
      await cluster.settled();
      const ports = hi - lo + 1;
      const { answered, lastMs } = await openMany(
        pod,
        { address: OUTSIDE.v4, port: PORT },
        Math.ceil(ports * MORE),
      );
      figures.push(...figuresOf(ports, answered, lastMs));
    }
    const notes = await cluster.crashes();
    cluster.dispose();
    return { figures, notes };
  },
};

function figuresOf(ports: number, answered: number, lastMs: number): Figure[] {
  const said = `range of ${ports.toLocaleString('en')} ports`;
  const at = (plot: string, line: string) => ({ plot, line, x: ports, axis: 'ports of the range' });
  const there: Figure = {
    name: `${said}: ports`,
    unit: 'ports',
    samples: [ports],
    at: at('Connections to one server', 'ports that there are'),
  };
  return [
    there,
    {
      name: `${said}: connections that got through`,
      unit: 'ports',
      samples: [answered],
      to: there,
      at: at('Connections to one server', 'that got through'),
    },
    {
      name: `${said}: new connections`,
      unit: 'a second',
      samples: [(1000 * answered) / lastMs],
      at: at('New connections a second', 'until the range is used up'),
    },
  ];
}
