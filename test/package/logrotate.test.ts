import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../../lab/project.js';
import { toolTest } from '../../lab/tool_test.js';
import { until, when } from '../../lab/until.js';
import { Wire } from '../../lab/wire.js';

const HELPER = 'ovn-k8s-gateway-helper';

toolTest(
  ['root', 'logrotate', 'ovs-vswitchd'],
  'logrotate rotates the logs, and the daemon writes to the new file',
  async (t) => {
    const wire = await Wire.start();
    t.teardown(() => wire.dispose());
    const folder = mkdtempSync(join(tmpdir(), 'logrotate-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const logs = join(folder, 'logs');
    mkdirSync(logs);
    const log = join(logs, `${HELPER}.log`);
    await wire.startHelper(`--log-file=${log}`);

    // The package's folders are those of the machine; here the lab's stand for them.
    const text = readFileSync(join(PROJECT, 'packaging/debian/ovn-k8s-gateway.logrotate'), 'utf8');
    const settings = join(folder, 'settings');
    writeFileSync(
      settings,
      text.replaceAll('/var/log/ovn-k8s-gateway', logs).replaceAll('/run/openvswitch', wire.host.rundir),
      { mode: 0o600 },
    );
    await wire.host.exec(['logrotate', '--force', '--state', join(folder, 'state'), settings]);
    t.deepEqual(readdirSync(logs).sort(), [`${HELPER}.log`, `${HELPER}.log.1.gz`]);
    t.is(readFileSync(log, 'utf8'), '');
    await wire.helper('exit');
    await until('the last line in the new file', () =>
      when(/\|INFO\|exiting\n$/.test(readFileSync(log, 'utf8'))),
    );
  },
);
