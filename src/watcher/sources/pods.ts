import { POD, type Pod } from '../../kube/kinds.js';
import { Reflector } from '../../kube/reflector.js';
import { type ApiSourceOptions, reflection } from './api_source.js';

/** Follows the pods of all namespaces. */
export class PodSource extends Reflector<Pod> {
  constructor(options: ApiSourceOptions) {
    super(reflection(options, '/api/v1/pods', POD, (key) => options.changes.markPod(key)));
  }
}
