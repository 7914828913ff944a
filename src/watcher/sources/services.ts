import type { V1Service } from '@kubernetes/client-node';
import { Reflector } from '../../kube/reflector.js';
import { type ApiSourceOptions, reflection } from './api_source.js';

/** Follows the services of all namespaces. */
export class ServiceSource extends Reflector<V1Service> {
  constructor(options: ApiSourceOptions) {
    super(reflection(options, '/api/v1/services', (key) => options.changes.markService(key)));
  }
}
