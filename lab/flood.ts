import { join } from 'node:path';
import { execa } from 'execa';
import type { Lab } from './lab.js';
import type { Namespace } from './namespace.js';
import { PROJECT } from './project.js';

/** The lab's packet generator. It sends 500,000 packets/s on a veth. */
export class Flood {
  private constructor(private readonly program: string) {}

  static async build(lab: Lab): Promise<Flood> {
    const program = join(lab.dir, 'flood');
    await execa('g++', ['-O2', '-std=c++20', '-o', program, join(PROJECT, 'lab/flood.cc')]);
    return new Flood(program);
  }

  /** Sends `count` frames by repeating `frames`, at most `rate` a second. Returns the frames sent a second. */
  async send(
    net: Namespace,
    device: string,
    count: number,
    frames: readonly Buffer[],
    rate = 0,
  ): Promise<number> {
    const input = `${frames.map((frame) => frame.toString('hex')).join('\n')}\n`;
    const [went = 0, microseconds = 1] = (
      await net.exec([this.program, device, String(count), String(rate)], { input })
    )
      .split(' ')
      .map(Number);
    return (went / microseconds) * 1e6;
  }
}
