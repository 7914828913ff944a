import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeFullFolder } from '../../lab/full_folder.js';
import { installCni, makeCniDirectories, uninstallCni } from '../../src/overlay/cni_config.js';

function directories(t: ExecutionContext) {
  const root = mkdtempSync(join(tmpdir(), 'cni-config-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  return { root, conf: join(root, 'net/conf.d'), bin: join(root, 'opt/bin') };
}

test('the plugin is linked and configured, twice the same, and both are removed', (t) => {
  const { conf, bin } = directories(t);
  makeCniDirectories({ conf, bin });
  for (const run of ['first', 'second']) {
    installCni({ conf, bin });
    t.regex(readlinkSync(join(bin, 'ovn_cni')), /ovn_cni\.cjs$/, run);
    t.like(JSON.parse(readFileSync(join(conf, '10-net.conf'), 'utf8')), { type: 'ovn_cni' });
  }
  uninstallCni({ conf, bin });
  t.false(existsSync(join(bin, 'ovn_cni')));
  t.false(existsSync(join(conf, '10-net.conf')));
  t.notThrows(() => uninstallCni({ conf, bin }));
});

test("an operator's configuration and an executable of the plugin's name are kept", (t) => {
  const { conf, bin } = directories(t);
  makeCniDirectories({ conf, bin });
  writeFileSync(join(conf, '10-net.conf'), '{"mine":true}');
  writeFileSync(join(bin, 'ovn_cni'), '#!/bin/sh\n');
  installCni({ conf, bin });
  uninstallCni({ conf, bin });
  t.is(readFileSync(join(conf, '10-net.conf'), 'utf8'), '{"mine":true}');
  t.is(readFileSync(join(bin, 'ovn_cni'), 'utf8'), '#!/bin/sh\n');
});

test('a link to a former place of the plugin is replaced', (t) => {
  const { conf, bin } = directories(t);
  makeCniDirectories({ conf, bin });
  symlinkSync('/nonexistent/plugin.js', join(bin, 'ovn_cni'));
  installCni({ conf, bin });
  t.regex(readlinkSync(join(bin, 'ovn_cni')), /ovn_cni\.cjs$/);
});

test('the plugin of an executable that npm linked is found beside its real file', (t) => {
  const { root, conf, bin } = directories(t);
  makeCniDirectories({ conf, bin });
  const real = join(realpathSync(root), 'package/dist/bin');
  mkdirSync(real, { recursive: true });
  writeFileSync(join(real, 'ovn-k8s-overlay.js'), '');
  const link = join(root, 'ovn-k8s-overlay');
  symlinkSync('package/dist/bin/ovn-k8s-overlay.js', link);
  installCni({ conf, bin }, link);
  t.is(readlinkSync(join(bin, 'ovn_cni')), join(real, 'ovn_cni.cjs'));
  t.deepEqual(readdirSync(bin), ['ovn_cni']);
});

test('a directory that cannot be made is refused with its option', (t) => {
  const { root, conf } = directories(t);
  const file = join(root, 'file');
  writeFileSync(file, '');
  mkdirSync(join(root, 'there'));
  for (const [option, given] of [
    ['--cni-bin-dir', { conf, bin: file }],
    ['--cni-bin-dir', { conf, bin: '/proc/x/y' }],
    ['--cni-conf-dir', { conf: join(file, 'below'), bin: join(root, 'there') }],
  ] as const)
    t.throws(() => makeCniDirectories(given), {
      code: 'ERR_CNI',
      message: new RegExp(`give another ${option}$`),
    });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;
asRoot(
  'a full disk leaves no configuration, and the part that an earlier version left is completed',
  async (t) => {
    const disk = await makeFullFolder();
    t.teardown(() => disk.dispose());
    const { bin } = directories(t);
    const conf = join(disk.path, 'net.d');
    const file = join(conf, '10-net.conf');
    makeCniDirectories({ conf, bin });
    disk.fill();
    t.throws(() => installCni({ conf, bin }), { code: 'ERR_CNI', message: /give another --cni-conf-dir/ });
    disk.free();
    t.deepEqual(readdirSync(conf), []);
    for (const part of ['', '{\n  "cniVersion"']) {
      writeFileSync(file, part);
      installCni({ conf, bin });
      t.like(JSON.parse(readFileSync(file, 'utf8')), { type: 'ovn_cni' });
    }
    writeFileSync(file, '');
    uninstallCni({ conf, bin });
    t.deepEqual(readdirSync(conf), []);
  },
);

test('a symbolic link at the name of the configuration is not followed', (t) => {
  const { root, conf, bin } = directories(t);
  makeCniDirectories({ conf, bin });
  symlinkSync(join(root, 'elsewhere'), join(conf, '10-net.conf'));
  installCni({ conf, bin });
  t.false(existsSync(join(root, 'elsewhere')));
  t.like(JSON.parse(readFileSync(join(conf, '10-net.conf'), 'utf8')), { type: 'ovn_cni' });
});
