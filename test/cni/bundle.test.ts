import test from 'ava';
import { build } from 'esbuild';

test("the plugin's bundle has no API client, and of other packages only the parser of addresses", async (t) => {
  const { metafile } = await build({
    entryPoints: ['src/bin/ovn_cni.ts'],
    ...{ bundle: true, write: false, metafile: true, platform: 'node', format: 'cjs', logLevel: 'silent' },
  });
  const inputs = Object.keys(metafile.inputs);
  t.true(inputs.includes('src/cni/add.ts'));
  t.deepEqual(
    inputs.filter((path) => path.startsWith('node_modules/')),
    ['node_modules/ipaddr.js/lib/ipaddr.js'],
  );
  t.deepEqual(
    inputs.filter((path) => /^src\/(kube|watcher|gateway|overlay)\//.test(path)),
    [],
  );
});
