import { Kubernetes } from '../../lab/kube.js';
import { kubeTest } from '../../lab/kube_test.js';
import { Lab } from '../../lab/lab.js';

kubeTest('an API server keeps its objects across a restart', async (t) => {
  const lab = Lab.open();
  t.teardown(() => lab.dispose());
  const net = await lab.namespace('api');
  const kubernetes = await Kubernetes.start({ net, dir: lab.dir, address: '127.0.0.1' });
  await kubernetes.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] },
  });
  await kubernetes.stopServer();
  await kubernetes.startServer();
  t.is(
    await kubernetes.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}'),
    '30080',
  );
});
