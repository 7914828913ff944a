import { type AccessOptions, findAccess } from '../../kube/access.js';
import { KubeApi } from '../../kube/api.js';
import { ApiError } from '../../kube/errors.js';
import { SERVICE } from '../../kube/kinds.js';
import { keyOf } from '../../kube/objects.js';
import { Pages } from '../../kube/pages.js';
import { clusterAddresses } from '../../kube/service.js';
import type { ServiceIps } from './facts.js';

/**
 * Asks the API server for the Node of this name. Returns `unreadable` if there is no node name or no API server to ask,
 * or if this host's credentials may not read Nodes.
 * @throws ApiError if the server does not answer; ProductError for a malformed configuration
 */
export async function readNode(
  node: string | undefined,
  options: AccessOptions,
): Promise<'present' | 'absent' | 'unreadable'> {
  const access = await findAccess(options);
  if (access === undefined || node === undefined) return 'unreadable';
  const api = new KubeApi(access);
  try {
    await api.get(`/api/v1/nodes/${encodeURIComponent(node)}`);
    return 'present';
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return 'absent';
    if (error instanceof ApiError && error.status === 403) return 'unreadable';
    throw error;
  } finally {
    api.close();
  }
}

/**
 * Asks the API server for the cluster addresses of all services.
 * @throws ApiError if the server does not answer, or this host's credentials may not list services
 */
export async function readServiceIps(options: AccessOptions, timeoutMs: number): Promise<ServiceIps[]> {
  const access = await findAccess(options);
  if (access === undefined) return [];
  const api = new KubeApi(access);
  const found: ServiceIps[] = [];
  try {
    await new Pages({ api, path: '/api/v1/services', shape: SERVICE, listMs: timeoutMs }).read(
      AbortSignal.timeout(timeoutMs),
      (service) => found.push({ service: keyOf(service), clusterIps: clusterAddresses(service) }),
    );
  } finally {
    api.close();
  }
  return found;
}
