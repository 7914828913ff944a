import type { RunProgram } from './program.js';
import type { Attachment, NetworkConfiguration } from './request.js';

/** One request of the runtime, and the way to run programs for it. */
export interface Call {
  readonly env: NodeJS.ProcessEnv;
  readonly config: NetworkConfiguration;
  readonly attachment: Attachment;
  readonly run: RunProgram;
}
