import { setTimeout as pause } from 'node:timers/promises';
import { stopApiServer } from '../../lab/api_outage.js';
import type { Report, Section } from '../figure.js';

const AWAY_MS = 60_000;
const SERVICES = 200;

export const apiOutage: Section = {
  name: 'api-outage',
  about: [
    `A cluster whose API server is killed while it creates ${SERVICES} NodePort services. An unchanged service is in use`,
    `meanwhile: a TCP connection with a byte every 5 ms, and a new conversation every 50 ms. The outage lasts`,
    `${AWAY_MS / 1000} s; in it, services are changed, deleted and recreated. Time from the server's first answer to kubectl`,
    "until the gateway's flows, and its load balancers in OVN, fit the services.",
  ],

  async measure(): Promise<Report> {
    const { session, probes, flowsMs, balancersMs, crashes } = await stopApiServer(SERVICES, () =>
      pause(AWAY_MS),
    );
    const within = [{ of: 'p99', as: 'value', atMost: 2000 }] as const;
    return {
      figures: [
        { name: 'flows', unit: 'ms', samples: [flowsMs], targets: within },
        { name: 'load balancers', unit: 'ms', samples: [balancersMs], targets: within },
        {
          name: 'conversations unanswered',
          unit: '',
          samples: [probes.sent - probes.answered],
          targets: [{ of: 'p99', as: 'value', atMost: 0 }],
        },
        { name: 'longest gap of the session', unit: 'ms', samples: [session.longestGapMs] },
      ],
      notes: [
        `${probes.answered} of ${probes.sent} conversations were answered; the session ${session.alive ? 'is still open' : 'DIED'}.`,
        ...crashes.map((crash) => `Debian's Open vSwitch 3.1 crashed and restarted: ${crash}`),
      ],
    };
  },
};
