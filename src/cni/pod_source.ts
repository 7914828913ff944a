import type { V1Pod } from '@kubernetes/client-node';
import { SILENT } from '../daemon/log.js';
import { type AccessOptions, findAccess } from '../kube/access.js';
import { KubeApi } from '../kube/api.js';
import { ANNOTATION, type PodNetwork, parseAnnotation } from '../kube/pod_annotation.js';
import { Reflector } from '../kube/reflector.js';
import { explainError } from '../net/errors.js';
import { CniError, CODES } from './errors.js';
import type { Attachment } from './request.js';

/**
 * Waits until the pod has its annotation, which the watcher may write after the runtime starts the plugin.
 * @throws CniError after `timeoutMs`, with the last reason
 */
export async function awaitPodNetwork(
  where: AccessOptions,
  { namespace, pod }: Attachment,
  timeoutMs: number,
): Promise<PodNetwork> {
  const access = await findAccess(where);
  if (access === undefined)
    throw new CniError(
      CODES.invalidConfiguration,
      'the address of the API server is not configured; set external_ids:k8s-api-server of the Open_vSwitch row, or "kubeconfig" in the network configuration',
    );
  const key = `${namespace}/${pod}`;
  const api = new KubeApi(access, { sockets: 1 });
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), timeoutMs);
  let network: PodNetwork | undefined;
  let why = '';
  const look = () => {
    try {
      network = readNetwork(pods.objects.get(key));
      stop.abort();
    } catch (error) {
      why = explainError(error);
    }
  };
  const pods = new Reflector<V1Pod>({
    api,
    path: `/api/v1/namespaces/${namespace}/pods`,
    fieldSelector: `metadata.name=${pod}`,
    changed: look,
    listed: look,
    log: SILENT,
    problems: { set: () => undefined },
  });
  await pods.run(stop.signal);
  clearTimeout(late);
  api.close();
  if (network !== undefined) return network;
  throw new CniError(
    CODES.tryAgainLater,
    `Pod ${key} has no network after ${timeoutMs} ms: ${pods.problem ?? why}`,
  );
}

function readNetwork(pod: V1Pod | undefined): PodNetwork {
  if (pod === undefined) throw new Error('the API server has no such pod');
  const text = pod.metadata?.annotations?.[ANNOTATION];
  if (text === undefined) throw new Error(`no annotation ${ANNOTATION}; is ovn-k8s-watcher running?`);
  return parseAnnotation(text);
}
