import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT } from '../../lab/project.js';
import { toolTest } from '../../lab/tool_test.js';
import { VERSION } from '../../src/daemon/version.js';

toolTest(
  ['g++', 'make', 'npm'],
  'npm pack gives a tarball that installs and runs in an empty folder',
  async (t) => {
    t.timeout(300_000);
    const folder = mkdtempSync(join(tmpdir(), 'npm-pack-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    await execa('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: PROJECT });
    const [tarball = ''] = readdirSync(folder);
    const { stdout: list } = await execa('tar', ['--list', '--file', join(folder, tarball)]);
    t.deepEqual(
      list
        .split('\n')
        .filter((file) => /^package\/(native\/(build|test)|test|lab|bench|scripts|src)\//.test(file)),
      [],
    );

    const app = join(folder, 'app');
    mkdirSync(app);
    await execa('npm', ['install', '--no-audit', '--no-fund', join(folder, tarball)], { cwd: app });
    const bin = join(app, 'node_modules/.bin');
    const programs = readdirSync(bin).filter((name) => name.startsWith('ovn-k8s-'));
    t.is(programs.length, 6, programs.join());
    for (const name of programs)
      t.is((await execa(join(bin, name), ['--version'])).stdout, `${name} ${VERSION}`);

    // A pidfile is locked by the addon, which npm has built here.
    const { stderr } = await execa(
      join(bin, 'ovn-k8s-watcher'),
      ['--overlay', `--pidfile=${app}/pid`, '--unixctl=none', `--db=unix:${app}/none`, '--timeout=0.1'],
      { reject: false },
    );
    t.regex(stderr, /^ovn-k8s-watcher: Open_vSwitch database at unix:.*\/none does not answer/m);
    t.log(`${tarball}: ${statSync(join(folder, tarball)).size} bytes`);
  },
);
