import test from 'ava';
import { CniError, CODES } from '../../src/cni/errors.js';
import { readAttachment, readConfiguration } from '../../src/cni/request.js';

const ADD = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'box-1_a.b',
  CNI_NETNS: '/run/netns/box1',
  CNI_IFNAME: 'eth0',
  CNI_ARGS: 'IgnoreUnknown=1;K8S_POD_NAMESPACE=kube-system;K8S_POD_NAME=web.0',
};

test('the environment of ADD names container, interface, namespace and pod', (t) => {
  t.deepEqual(readAttachment(ADD), {
    containerId: 'box-1_a.b',
    ifName: 'eth0',
    netns: '/run/netns/box1',
    namespace: 'kube-system',
    pod: 'web.0',
    uid: undefined,
  });
});

test('a runtime without namespaces means the namespace "default"', (t) => {
  t.is(readAttachment({ ...ADD, CNI_ARGS: 'K8S_POD_NAME=web' }).namespace, 'default');
});

test("the pod's UID is read where the runtime passes it: a UUID, or a static pod's hash", (t) => {
  const uidOf = (uid: string) =>
    readAttachment({ ...ADD, CNI_ARGS: `${ADD.CNI_ARGS};K8S_POD_UID=${uid}` }).uid;
  for (const uid of ['9b2f1f0a-8a55-4f5e-9d0e-0d7a3d0c9f11', 'd2b7a1c33f1e0a4b8d1c2e3f4a5b6c7d'])
    t.is(uidOf(uid), uid);
  t.is(uidOf(''), undefined);
});

test('DEL needs neither pod nor network namespace', (t) => {
  const { CNI_ARGS: _args, CNI_NETNS: _netns, ...rest } = ADD;
  t.deepEqual(readAttachment({ ...rest, CNI_COMMAND: 'DEL' }), {
    containerId: 'box-1_a.b',
    ifName: 'eth0',
    netns: '',
    namespace: '',
    pod: '',
    uid: undefined,
  });
});

const BAD_ENVIRONMENTS: readonly (readonly [Readonly<Record<string, string | undefined>>, string])[] = [
  [{ CNI_CONTAINERID: undefined }, 'CNI_CONTAINERID="" is not a valid container ID'],
  [{ CNI_CONTAINERID: '-x' }, 'CNI_CONTAINERID="-x" is not a valid container ID'],
  [{ CNI_CONTAINERID: 'a/b' }, 'CNI_CONTAINERID="a/b" is not a valid container ID'],
  [
    { CNI_CONTAINERID: 'a'.repeat(254) },
    `CNI_CONTAINERID="${'a'.repeat(148)}…${'a'.repeat(49)}" is not a valid container ID`,
  ],
  [{ CNI_IFNAME: 'sixteencharacter' }, 'CNI_IFNAME="sixteencharacter" is not a valid interface name'],
  [{ CNI_IFNAME: '..' }, 'CNI_IFNAME=".." is not a valid interface name'],
  [{ CNI_IFNAME: 'a:1' }, 'CNI_IFNAME="a:1" is not a valid interface name'],
  [{ CNI_IFNAME: '-x' }, 'CNI_IFNAME="-x" is not a valid interface name'],
  [{ CNI_IFNAME: 'a#b' }, 'CNI_IFNAME="a#b" is not a valid interface name'],
  [{ CNI_IFNAME: 'a"b' }, 'CNI_IFNAME="a\\"b" is not a valid interface name'],
  [{ CNI_IFNAME: '\x1b[2J' }, 'CNI_IFNAME="\\u001b[2J" is not a valid interface name'],
  [{ CNI_IFNAME: 'a b' }, 'CNI_IFNAME="a b" is not a valid interface name'],
  [{ CNI_NETNS: '' }, 'CNI_NETNS="" is not the path of a namespace'],
  [{ CNI_NETNS: 'run/netns/x' }, 'CNI_NETNS="run/netns/x" is not the path of a namespace'],
  [
    { CNI_NETNS: `/${'a'.repeat(4095)}` },
    `CNI_NETNS="/${'a'.repeat(147)}…${'a'.repeat(49)}" is not the path of a namespace`,
  ],
  [{ CNI_NETNS: '/a\0b' }, 'CNI_NETNS="/a\\u0000b" is not the path of a namespace'],
  [{ CNI_ARGS: 'K8S_POD_NAME' }, 'CNI_ARGS: "K8S_POD_NAME" is not KEY=VALUE'],
  [{ CNI_ARGS: `K8S_POD_NAME=${'x'.repeat(4096)}` }, 'CNI_ARGS has 4109 characters; at most 4096 are read'],
  [{ CNI_ARGS: 'K8S_POD_NAME=x;K8S_POD_UID=a b' }, 'CNI_ARGS: K8S_POD_UID="a b" is not a valid UID'],
  [
    { CNI_ARGS: 'K8S_POD_NAMESPACE=a.b;K8S_POD_NAME=x' },
    'CNI_ARGS: K8S_POD_NAMESPACE="a.b" is not a valid name of Kubernetes',
  ],
  [
    { CNI_ARGS: 'K8S_POD_NAMESPACE=a_b;K8S_POD_NAME=x' },
    'CNI_ARGS: K8S_POD_NAMESPACE="a_b" is not a valid name of Kubernetes',
  ],
  [{ CNI_ARGS: '=x' }, 'CNI_ARGS: "=x" is not KEY=VALUE'],
  [{ CNI_ARGS: undefined }, 'CNI_ARGS: K8S_POD_NAME="" is not a valid name of Kubernetes'],
  [{ CNI_ARGS: 'K8S_POD_NAME=../x' }, 'CNI_ARGS: K8S_POD_NAME="../x" is not a valid name of Kubernetes'],
  [
    { CNI_ARGS: 'K8S_POD_NAMESPACE=A;K8S_POD_NAME=x' },
    'CNI_ARGS: K8S_POD_NAMESPACE="A" is not a valid name of Kubernetes',
  ],
];

for (const [env, message] of BAD_ENVIRONMENTS) {
  test(`refused: ${message.slice(0, 80)}`, (t) => {
    const error = t.throws<CniError>(() => readAttachment({ ...ADD, ...env }), {
      instanceOf: CniError,
      message,
    });
    t.is(error?.number, CODES.invalidEnvironment);
  });
}

test('a configuration without options has the defaults', (t) => {
  t.deepEqual(readConfiguration('{}'), {
    cniVersion: '0.3.0',
    name: '',
    mtu: undefined,
    timeoutMs: 60_000,
    db: undefined,
    prevResult: undefined,
  });
});

test('every option of the configuration is read; unknown ones and kubeconfig, which earlier versions read, are ignored', (t) => {
  const config = { mtu: 1450, timeout: 5, kubeconfig: '/k', db: 'unix:/d', name: 'n', prevResult: { a: 1 } };
  t.deepEqual(readConfiguration(JSON.stringify({ cniVersion: '1.0.0', type: 'ovn_cni', ...config })), {
    cniVersion: '1.0.0',
    name: 'n',
    mtu: 1450,
    timeoutMs: 5_000,
    db: 'unix:/d',
    prevResult: { a: 1 },
  });
});

const BAD_CONFIGURATIONS = [
  ['{', CODES.undecodable, 'the network configuration is not JSON'],
  ['[]', CODES.undecodable, 'the network configuration is not a JSON object'],
  ['null', CODES.undecodable, 'the network configuration is not a JSON object'],
  [
    '{"cniVersion":"0.2.0"}',
    CODES.incompatibleVersion,
    'cniVersion "0.2.0" is none of 0.3.0, 0.3.1, 0.4.0, 1.0.0',
  ],
  ['{"cniVersion":1}', CODES.incompatibleVersion, 'cniVersion 1 is none of 0.3.0, 0.3.1, 0.4.0, 1.0.0'],
  ['{"mtu":"x"}', CODES.invalidConfiguration, 'mtu: "x" is not a whole number from 68 to 65535'],
  ['{"mtu":67}', CODES.invalidConfiguration, 'mtu: 67 is not a whole number from 68 to 65535'],
  ['{"mtu":1400.5}', CODES.invalidConfiguration, 'mtu: 1400.5 is not a whole number from 68 to 65535'],
  ['{"timeout":0}', CODES.invalidConfiguration, 'timeout: 0 is not a whole number from 1 to 3600'],
  ['{"timeout":null}', CODES.invalidConfiguration, 'timeout: null is not a whole number from 1 to 3600'],
  ['{"db":5}', CODES.invalidConfiguration, 'db: 5 is not a string'],
] as const;

for (const [text, number, message] of BAD_CONFIGURATIONS) {
  test(`the configuration ${text} is refused`, (t) => {
    const error = t.throws<CniError>(() => readConfiguration(text), { instanceOf: CniError, message });
    t.is(error?.number, number);
  });
}
