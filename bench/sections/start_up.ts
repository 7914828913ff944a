import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { PROJECT } from '../../test/lab/project.js';
import type { Figure, Report, Section } from '../figure.js';
import { timeProcess } from '../processes.js';

const ROUNDS = 30;

export const startUp: Section = {
  name: 'start-up',
  about: [
    'Every executable of dist/bin with --help, and node with an empty script, one after the other in each round.',
  ],

  async measure(): Promise<Report> {
    const bin = join(PROJECT, 'dist/bin');
    const files = (await readdir(bin)).filter((file) => file.endsWith('.js')).sort();
    const bare: number[] = [];
    const samples = new Map<string, number[]>(files.map((file) => [file, []]));
    // The first start of each reads it from the disk.
    for (const file of files) timeProcess([process.execPath, join(bin, file), '--help']);
    for (let round = 0; round < ROUNDS; round += 1) {
      bare.push(timeProcess([process.execPath, '-e', '0']));
      for (const [file, times] of samples)
        times.push(timeProcess([process.execPath, join(bin, file), '--help']));
    }
    const node: Figure = { name: 'node -e 0', unit: 'ms', samples: bare };
    return {
      figures: [
        node,
        ...[...samples].map(
          ([file, times]): Figure => ({
            name: `${parse(file).name} --help`,
            unit: 'ms',
            samples: times,
            to: node,
            targets: [{ of: 'median', as: 'ratio', atMost: 2.5 }],
          }),
        ),
      ],
    };
  },
};
