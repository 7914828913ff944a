import { type AccessOptions, findAccess } from '../../kube/access.js';
import { KubeApi } from '../../kube/api.js';
import { ApiError } from '../../kube/errors.js';

/**
 * Whether the API server has a Node of this name. `not told` when this host's credentials do not let it ask, as those
 * of packaging/kubernetes/rbac.yaml do not: that it answered is known all the same.
 * @throws ApiError when it does not answer, and what a configuration that cannot be used throws
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
