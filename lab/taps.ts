import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Namespace } from './namespace.js';
import { until, when } from './until.js';

const AGENT = fileURLToPath(new URL('./wire_agent.mjs', import.meta.url));

/** Captures and sends frames on interfaces of one namespace. */
export class Taps {
  private readonly seen: { readonly device: string; readonly frame: string }[] = [];

  private constructor(private readonly send: (line: string) => void) {}

  static async open(net: Namespace, devices: readonly string[]): Promise<Taps> {
    const agent = spawn('ip', ['netns', 'exec', net.name, process.execPath, AGENT, ...devices], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const taps = new Taps((line) => agent.stdin.write(`${line}\n`));
    await new Promise<void>((resolve, reject) => {
      agent.once('exit', (code) => reject(new Error(`the wire agent ended with ${code}`)));
      createInterface({ input: agent.stdout }).on('line', (line) => {
        const message: { ready?: boolean; device: string; frame: string } = JSON.parse(line);
        if (message.ready) resolve();
        else taps.seen.push(message);
      });
    });
    return taps;
  }

  inject(device: string, frame: Buffer): void {
    this.send(JSON.stringify({ device, frame: frame.toString('hex') }));
  }

  /** Forgets the captured frames. */
  clear(): void {
    this.seen.length = 0;
  }

  /** Returns how many frames that contain `marker` were captured at `device`. */
  count(device: string, marker: Buffer): number {
    return this.framesWith(device, marker);
  }

  /** Returns how many frames that contain all these parts were captured at `device`. */
  framesWith(device: string, ...parts: readonly Buffer[]): number {
    const hex = parts.map((part) => part.toString('hex'));
    return this.seen.filter((one) => one.device === device && hex.every((part) => one.frame.includes(part)))
      .length;
  }

  /** Waits until a frame that contains `marker` is captured at `device`. */
  async arrived(device: string, marker: Buffer): Promise<void> {
    await until(`a frame with ${marker.toString('hex')} at ${device}`, () =>
      when(this.count(device, marker) > 0),
    );
  }
}
