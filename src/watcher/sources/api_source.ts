import type { Log } from '../../daemon/log.js';
import type { Problems } from '../../daemon/problems.js';
import type { KubeApi } from '../../kube/api.js';
import type { KubeObject } from '../../kube/objects.js';
import type { ReflectorOptions } from '../../kube/reflector.js';
import type { Shape } from '../../kube/shape.js';
import type { Changes } from '../state_changes.js';

/** What every source that follows objects of the API server needs. */
export interface ApiSourceOptions {
  readonly api: KubeApi;
  readonly changes: Changes;
  readonly log: Log;
  readonly problems: Pick<Problems, 'set'>;
}

/** Returns how to reflect the objects at `path`; `mark` marks the change of the object with this key. */
export function reflection<T extends KubeObject>(
  { api, changes, log, problems }: ApiSourceOptions,
  path: string,
  shape: Shape<T>,
  mark: (key: string) => void,
): ReflectorOptions<T> {
  return {
    api,
    path,
    shape,
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
