import { setTimeout as pause } from 'node:timers/promises';
import { stopApiServer } from '../../lab/api_outage.js';
import type { Report, Section } from '../figure.js';

const AWAY_MS = 60_000;
const SERVICES = 200;

export const apiOutage: Section = {
  name: 'api-outage',
  about: [
    `A cluster with a real API server, which is killed while ${SERVICES} NodePort services are being made and one that does not`,
    `change is in use: a TCP connection with a byte every 5 ms, and a new conversation every 50 ms. It is away for`,
    `${AWAY_MS / 1000} s; services are changed, deleted, and made anew meanwhile. From its first answer to kubectl until the`,
    "gateway's flows, and its load balancers in OVN, are those of the services that there are.",
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
        `${probes.answered} of ${probes.sent} conversations were answered; the session ${session.alive ? 'is open still' : 'DIED'}.`,
        ...crashes.map((crash) => `Debian's Open vSwitch 3.1 crashed and came back: ${crash}`),
      ],
    };
  },
};
