import type { Log } from '../daemon/log.js';
import type { Problems } from '../daemon/problems.js';
import type { KubeApi } from './api.js';
import { POD, type Pod } from './kinds.js';
import { Reflector } from './reflector.js';

/** The path of the pods, which is also the owner of their problem. */
export const PODS = '/api/v1/pods';

export interface NodePodsOptions {
  readonly api: KubeApi;
  readonly log: Log;
  readonly problems: Pick<Problems, 'set'>;
  /** Receives the key of each pod that was added, changed or deleted, and the pod unless it was deleted. */
  readonly changed: (key: string, pod: Pod | undefined) => void;
  /** Called after each list. */
  readonly listed: () => void;
}

/** Returns a source of the pods that are bound to `node`. The server sends no others. */
export function podsOfNode(node: string, { changed, ...options }: NodePodsOptions): Reflector<Pod> {
  const reflector: Reflector<Pod> = new Reflector({
    ...options,
    path: PODS,
    shape: POD,
    fieldSelector: `spec.nodeName=${node}`,
    changed: (key) => changed(key, reflector.objects.get(key)),
  });
  return reflector;
}
