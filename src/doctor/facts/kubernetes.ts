import { type AccessOptions, findAccess } from '../../kube/access.js';
import { KubeApi } from '../../kube/api.js';
import { ApiError } from '../../kube/errors.js';

/**
 * Asks the API server for the Node of this name. `not told` means that the server answered but this host's credentials
 * may not read Nodes, as those of packaging/kubernetes/rbac.yaml may not.
 * @throws ApiError if the server does not answer; ProductError for a malformed configuration
 */
export async function readNode(
  node: string | undefined,
  options: AccessOptions,
): Promise<'present' | 'absent' | 'not told'> {
  const access = await findAccess(options);
  if (access === undefined || node === undefined) return 'not told';
  const api = new KubeApi(access);
  try {
    await api.get(`/api/v1/nodes/${encodeURIComponent(node)}`);
    return 'present';
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return 'absent';
    if (error instanceof ApiError && error.status === 403) return 'not told';
    throw error;
  } finally {
    api.close();
  }
}
