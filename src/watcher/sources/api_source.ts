import type { Log } from '../../daemon/log.js';
import type { Problems } from '../../daemon/problems.js';
import type { KubeApi } from '../../kube/api.js';
import type { ReflectorOptions } from '../../kube/reflector.js';
import type { Changes } from '../state_changes.js';

/** What every source that follows objects of the API server needs. */
export interface ApiSourceOptions {
  readonly api: KubeApi;
  readonly changes: Changes;
  readonly log: Log;
  readonly problems: Pick<Problems, 'set'>;
}

/** Returns how to reflect the objects at `path`; `mark` marks the change of the object with this key. */
export function reflection(
  { api, changes, log, problems }: ApiSourceOptions,
  path: string,
  mark: (key: string) => void,
): ReflectorOptions {
  return {
    api,
    path,
    log,
    problems,
    changed: (key) => {
      mark(key);
      changes.ring();
    },
    // A list that brings no object still completes the state.
    listed: (count) => {
      log.info(`${api.name}${path}: ${count} listed`);
      changes.ring();
    },
  };
}
