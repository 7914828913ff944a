import type { V1Pod } from '@kubernetes/client-node';
import { Reflector } from '../../kube/reflector.js';
import { type ApiSourceOptions, reflection } from './api_source.js';

/** Follows the pods of all namespaces. */
export class PodSource extends Reflector<V1Pod> {
  constructor(options: ApiSourceOptions) {
    super(reflection(options, '/api/v1/pods', (key) => options.changes.markPod(key)));
  }
}
