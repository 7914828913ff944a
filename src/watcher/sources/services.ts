import { SERVICE, type Service } from '../../kube/kinds.js';
import { Reflector } from '../../kube/reflector.js';
import { type ApiSourceOptions, reflection } from './api_source.js';

/** Follows the services of all namespaces. */
export class ServiceSource extends Reflector<Service> {
  constructor(options: ApiSourceOptions) {
    super(reflection(options, '/api/v1/services', SERVICE, (key) => options.changes.markService(key)));
  }
}
