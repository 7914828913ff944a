import { until, when } from '../../lab/until.js';
import type { Figure, Report, Section } from '../figure.js';
import { grouped } from '../grouped.js';
import { Api, nodePortService } from '../lab/api.js';
import { Gateway } from '../lab/gateway.js';
import { residentMb } from '../lab/process_stat.js';
import { Witness } from '../lab/witness.js';
import { timeProcess } from '../processes.js';

const EVENTS = 100;
/** Rates in events a second, each with its number of events. */
const RATES = [
  { rate: 1, events: 10 },
  { rate: 10, events: 50 },
  { rate: 100, events: 300 },
  { rate: 1_000, events: 1_500 },
] as const;
const RATED = RATES.reduce((sum, { events }) => sum + events, 0);
const SERVICES = 5000;
/** The number of services when the helper's memory is measured. */
const MANY = 10_000;
const FIRST_PORT = 10_000;
const STARTS = 5;
const PATH = '/api/v1/namespaces/default/services';

export const services: Section = {
  name: 'services',
  about: [
    'A real API server. Time from a new NodePort service until its flow is on breth0, as an ovs-ofctl monitor --timestamp',
    "reports it. The time starts when the benchmark's own watch receives the event or the client that created the service",
    'receives the answer, whichever comes first. The reference, alternating with it, is one ovs-ofctl add-flow on br-int of the same',
    'ovs-vswitchd, from its start to its end.',
    `${SERVICES} NodePort services that exist when the helper starts: time from its log line about their list until the last`,
    `flow. Its memory (VmRSS) then, and after a start with ${MANY} services.`,
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    const api = await Api.start(gateway.host);
    await gateway.startHelper();
    const { bare, events } = await followEvents(gateway, api);
    const rated = await followRates(gateway, api);
    await addServices(api, EVENTS + RATED, SERVICES);
    const { starts, memory } = await restart(gateway, SERVICES, STARTS);
    await addServices(api, SERVICES, MANY);
    const many = await restart(gateway, MANY, 1);
    gateway.dispose();
    const reference: Figure = { name: 'one ovs-ofctl', unit: 'ms', samples: bare };
    return {
      figures: [
        reference,
        {
          name: 'event to flow',
          unit: 'ms',
          samples: events,
          to: reference,
          targets: [{ of: 'median', as: 'ratio', atMost: 1.3 }],
        },
        ...rated.map(
          ({ rate, delays }): Figure => ({
            name: `event to flow, ${rate} a second`,
            unit: 'ms',
            samples: delays,
            to: reference,
          }),
        ),
        ...rated.map(
          ({ rate, delays }): Figure => ({
            name: `median at ${rate} a second`,
            unit: 'ms',
            samples: delays,
            at: { plot: 'Event to flow', line: 'ofctl', x: rate, axis: 'events a second' },
          }),
        ),
        {
          name: `${SERVICES} services, list to flows`,
          unit: 'ms',
          samples: starts,
          targets: [{ of: 'p99', as: 'value', atMost: 1500 }],
        },
        {
          name: `memory with ${SERVICES} services`,
          unit: 'MB',
          samples: memory,
          targets: [{ of: 'p99', as: 'value', atMost: 150 }],
        },
        {
          name: `memory with ${MANY} services`,
          unit: 'MB',
          samples: many.memory,
          targets: [{ of: 'p99', as: 'value', atMost: 200 }],
        },
      ],
    };
  },
};

async function followEvents(gateway: Gateway, api: Api): Promise<{ bare: number[]; events: number[] }> {
  const watch = await api.watch(PATH);
  const witness = await Witness.open(gateway.socket('breth0'), 'watch:!initial');
  const bare: number[] = [];
  const events: number[] = [];
  for (let round = 0; round < EVENTS; round += 1) {
    bare.push(
      timeProcess([
        ...(['ovs-ofctl', 'add-flow', `unix:${gateway.socket('br-int')}`] as const),
        `priority=1,tcp,tp_dst=${round + 1},actions=drop`,
      ]),
    );
    witness.forget();
    const name = `new-${round}`;
    const answered = await api.sendOne(['POST', PATH, nodePortService(name, FIRST_PORT + round)]);
    const event = await until('the event', () => watch.events.find((one) => one.name === name));
    await until('its flow', () => when(witness.changes.length > 0));
    // Both follow the event in the API server, so the earlier one is the better estimate of it.
    events.push(Math.max(...witness.changes.map(({ atMs }) => atMs)) - Math.min(event.at, answered));
    await gateway.settled();
  }
  witness.close();
  watch.close();
  return { bare, events };
}

/** Returns, for each rate, the time from each new service's event until its flows. */
async function followRates(
  gateway: Gateway,
  api: Api,
): Promise<{ readonly rate: number; readonly delays: readonly number[] }[]> {
  const watch = await api.watch(PATH);
  const witness = await Witness.open(gateway.socket('breth0'), 'watch:!initial');
  const found: { rate: number; delays: number[] }[] = [];
  let port = FIRST_PORT + EVENTS;
  for (const { rate, events } of RATES) {
    witness.forget();
    const names = new Map(Array.from({ length: events }, (_, i) => [`rate-${rate}-${i}`, port + i] as const));
    port += events;
    await api.send(
      [...names].map(([name, nodePort]) => ['POST', PATH, nodePortService(name, nodePort)]),
      rate,
    );
    const arrivals = () => new Map(grouped(witness.changes, (change) => change.port));
    await until(
      'the flows of all services',
      () => when([...names.values()].every((one) => arrivals().get(one)?.length === 2)),
      30_000,
    );
    const came = arrivals();
    const eventAt = new Map(watch.events.map(({ name, at }) => [name, at]));
    const delays = [...names].map(
      ([name, nodePort]) =>
        Math.max(...(came.get(nodePort) ?? []).map(({ atMs }) => atMs)) - (eventAt.get(name) ?? Number.NaN),
    );
    found.push({ rate, delays });
    await gateway.settled();
  }
  witness.close();
  watch.close();
  return found;
}

/** Creates the services with these numbers, from `from` up to `to`. */
async function addServices(api: Api, from: number, to: number): Promise<void> {
  await api.send(
    Array.from({ length: to - from }, (_, i) => [
      'POST',
      PATH,
      nodePortService(`many-${from + i}`, FIRST_PORT + from + i),
    ]),
  );
}

/** Restarts the helper without flows; returns how long its starts with so many services take, and its memory then. */
async function restart(gateway: Gateway, services: number, times: number) {
  const starts: number[] = [];
  const memory: number[] = [];
  for (let round = 0; round < times; round += 1) {
    await gateway.helper('exit', '--cleanup');
    await gateway.helperEnded();
    starts.push(await startWithServices(gateway, services));
    memory.push(await residentMb(await gateway.helperPid()));
  }
  return { starts, memory };
}

/** Returns the milliseconds from the helper's log line about the list of services until the last flow. */
async function startWithServices(gateway: Gateway, services: number): Promise<number> {
  const witness = await Witness.open(gateway.socket('breth0'), 'watch:!initial');
  await gateway.startHelper();
  const wanted = services * 2;
  await until('all flows', () => when(witness.changes.length >= wanted), 60_000);
  const last = Math.max(...witness.changes.map(({ atMs }) => atMs));
  witness.close();
  return last - (await gateway.helperSaid(/\d+ services listed/));
}
