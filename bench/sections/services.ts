import { until, when } from '../../test/lab/until.js';
import type { Figure, Report, Section } from '../figure.js';
import { Api, nodePortService } from '../lab/api.js';
import { Gateway } from '../lab/gateway.js';
import { residentMb } from '../lab/process_stat.js';
import { Witness } from '../lab/witness.js';
import { timeProcess } from '../processes.js';

const EVENTS = 100;
const SERVICES = 5000;
const FIRST_PORT = 10_000;
const STARTS = 5;
const PATH = '/api/v1/namespaces/default/services';

export const services: Section = {
  name: 'services',
  about: [
    'A real API server. From the moment when a watch of the benchmark has the event of a new NodePort service, or who made',
    'it has the answer, whichever comes first, until its flow is in breth0, as an ovs-ofctl monitor --timestamp saw it;',
    'compared with one ovs-ofctl add-flow, from its start to its end, of a flow on br-int of the same ovs-vswitchd. They',
    'take turns.',
    `${SERVICES} NodePort services that are there when the helper starts: from its own word that it has their list until`,
    'the last flow; and its memory then (VmRSS).',
  ],

  async measure(): Promise<Report> {
    const gateway = await Gateway.start();
    const api = await Api.start(gateway.host);
    await gateway.startHelper();
    const { bare, events } = await followEvents(gateway, api);
    await api.send(
      Array.from({ length: SERVICES - EVENTS }, (_, i) => [
        'POST',
        PATH,
        nodePortService(`many-${i}`, FIRST_PORT + EVENTS + i),
      ]),
    );
    const starts: number[] = [];
    const memory: number[] = [];
    for (let round = 0; round < STARTS; round += 1) {
      await gateway.helper('exit', '--cleanup');
      await gateway.helperEnded();
      starts.push(await startWithServices(gateway));
      memory.push(await residentMb(await gateway.helperPid()));
    }
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
    // Each came after the API server had the event; the earlier one is nearer to that.
    events.push(Math.max(...witness.changes.map(({ atMs }) => atMs)) - Math.min(event.at, answered));
    await gateway.settled();
  }
  witness.close();
  watch.close();
  return { bare, events };
}

/** Milliseconds from the line in the helper's log that says the list is here to the last flow. */
async function startWithServices(gateway: Gateway): Promise<number> {
  const witness = await Witness.open(gateway.socket('breth0'), 'watch:!initial');
  await gateway.startHelper();
  const wanted = SERVICES * 2;
  await until('all flows', () => when(witness.changes.length >= wanted), 60_000);
  const last = Math.max(...witness.changes.map(({ atMs }) => atMs));
  witness.close();
  return last - (await gateway.helperSaid(/\d+ services listed/));
}
