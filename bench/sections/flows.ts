import type { ChannelName } from '../../src/openflow/channels.js';
import type { Figure, Report, Section, Target } from '../figure.js';
import { BURST, CHANNEL_NAMES, type FlowTimes, IN_A_ROW, timeFlows } from '../lab/flow_times.js';
import { Gateway } from '../lab/gateway.js';
import { REST_MS } from '../lab/loop.js';
import { Place } from '../lab/place.js';

const COUNTS = [10, 100, 1_000, 10_000, 50_000];
const FEW = 100;
const MANY = 10_000;
const MOST = 50_000;

export const flows: Section = {
  name: 'flows',
  about: [
    'Time until ovs-vswitchd has accepted flows, with 10 to 50,000 flows in place, alternating between bridges of one',
    'ovs-vswitchd. A process is timed from its start to its end; ours from the change of a service to the answer of the switch.',
    '"a process" is the original: one ovs-ofctl for each flow (for many flows, the time of one multiplied).',
    'replace-flows of all flows is what ovn-kubernetes does.',
    "Ours is the helper's own loop in this process, on a real bridge, with each channel. Each service makes one flow.",
    `A burst is ${BURST} services that arrive as from a watch, a few in each turn of the event loop, compared with one bundle of`,
    `as many flows. One change comes after ${REST_MS} ms of rest. Changes in a row: ${IN_A_ROW} with one way, then ${IN_A_ROW} with the next;`,
    'each follows as soon as the flow before it is in place and deleted again, and the deletion does not count.',
    'A bare socket carries one flow mod and a barrier from a minimal Node program: the share of the switch, the kernel and',
    'Node in a change.',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    const place = new Place(gateway);
    const measured: FlowTimes[] = [];
    for (const count of COUNTS) measured.push(await timeFlows(place, count));
    place.end();
    gateway.dispose();
    return { figures: [...measured.flatMap(figuresOf), ...growth(measured)] };
  },
};

function figuresOf({ count, process, ours }: FlowTimes): Figure[] {
  const said = count.toLocaleString('en');
  const axis = 'flows in place (first fill, delete: flows added, deleted)';
  const at = (plot: string, line: string) => ({ plot, line, x: count, axis });
  const figure = (
    plot: string,
    line: string,
    samples: readonly number[],
    more: Partial<Figure> = {},
  ): Figure => ({
    name: `${said}: ${plot}, ${line}`,
    unit: 'ms',
    samples,
    at: at(plot, line),
    ...more,
  });
  const one = figure('one change', 'a process', process.change);
  const bare = figure('one change', 'a bare socket', process.bare, { to: one });
  const row = figure('changes in a row', 'a process', process.inRow);
  const bareRow = figure('changes in a row', 'a bare socket', process.bareInRow, { to: row });
  const each = figure(
    'first fill',
    'a process each',
    process.change.map((sample) => sample * count),
  );
  const bundle = figure('first fill', 'add-flows of a file', process.fill);
  const replace = figure('one change', 'replace-flows of all', process.replace);
  const burst = figure(`burst of ${BURST}`, 'one bundle', process.burst);
  const gone = figure('delete', 'del-flows', process.delete);
  const references = [each, bundle, one, row, bare, bareRow, replace, burst, gone];
  return [
    ...references,
    ...[...ours].flatMap(([name, samples]): Figure[] => [
      figure('first fill', `${name}, services to flows`, samples.fill, { to: bundle }),
      figure('first fill', `${name}, flows that are made`, samples.bundle, {
        to: bundle,
        targets: count === MOST ? [{ of: 'median', as: 'ratio', atMost: 1.1 }] : [],
      }),
      figure('one change', name, samples.change, {
        to: one,
        targets: count === MANY ? ONE_CHANGE[name] : [],
      }),
      figure('changes in a row', name, samples.inRow, {
        to: row,
        targets: count === MANY ? IN_ROW[name] : [],
      }),
      ...(count === MANY
        ? [
            {
              name: `${said}: one change, ${name}, to replace-flows`,
              unit: 'ms',
              samples: samples.change,
              to: replace,
              targets: [{ of: 'median', as: 'ratio', atMost: 1 / 5 }],
            } as const,
            {
              name: `${said}: one change, ${name}, to a bare socket`,
              unit: 'ms',
              samples: samples.change,
              to: bare,
            } as const,
          ]
        : []),
      figure(`burst of ${BURST}`, name, samples.burst, {
        to: burst,
        targets: [{ of: 'median', as: 'ratio', atMost: 2 }],
      }),
      figure('nothing to do', name, samples.look, { to: one }),
      figure('delete', name, samples.delete, { to: gone }),
    ]),
  ];
}

const AS_A_PROCESS: Target = { of: 'median', as: 'ratio', atMost: 1.2 };
const THIRTY_TIMES: Target = { of: 'median', as: 'ratio', atMost: 1 / 30 };
const IN_ROW: Readonly<Record<ChannelName, readonly Target[]>> = {
  ofctl: [AS_A_PROCESS],
  openflow: [THIRTY_TIMES],
};
const ONE_CHANGE: Readonly<Record<ChannelName, readonly Target[]>> = {
  ofctl: [AS_A_PROCESS],
  openflow: [{ of: 'median', as: 'value', atMost: 0.5 }, THIRTY_TIMES],
};

/** Returns figures that show whether one change costs more with more flows in place. */
function growth(measured: readonly FlowTimes[]): Figure[] {
  const samples = (count: number, name: ChannelName) =>
    measured.find((one) => one.count === count)?.ours.get(name)?.change ?? [];
  return CHANNEL_NAMES.flatMap((name): Figure[] => {
    const few: Figure = {
      name: `one change at ${FEW}, ${name}`,
      unit: 'ms',
      samples: samples(FEW, name),
    };
    return [
      few,
      {
        name: `one change at ${MOST.toLocaleString('en')}, ${name}`,
        unit: 'ms',
        samples: samples(MOST, name),
        to: few,
        targets: [{ of: 'median', as: 'ratio', atMost: 1.3 }],
      },
    ];
  });
}
