import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { pcapFile } from '../../lab/pcap_file.js';
import { MIX_GATEWAY, missingClasses, trafficMix } from '../../lab/traffic_mix.js';
import { classByTshark, tshark } from '../../lab/tshark.js';
import { classOfId } from '../../src/demux/classes.js';
import { Classifier } from '../../src/demux/classifier.js';

test('each packet of a traffic mix has the class that follows from the fields that tshark reads', async (t) => {
  const mix = trafficMix(5_000);
  t.deepEqual(missingClasses(mix), []);
  const folder = mkdtempSync(join(tmpdir(), 'tshark-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'mix.pcap');
  writeFileSync(path, pcapFile(mix.map(({ frame }) => frame)));
  const classifier = new Classifier(MIX_GATEWAY);
  const classes = new Uint8Array(1);
  let seen = 0;
  await tshark(path, (row, index) => {
    const one = mix[index];
    if (one === undefined) throw new Error(`tshark read a packet ${index} that was not written`);
    const { frame, side } = one;
    classifier.classify(
      { frames: frame, offsets: Uint32Array.of(0), lengths: Uint32Array.of(frame.length) },
      side,
      classes,
    );
    const ours = classOfId(classes[0] ?? 0);
    if (ours !== one.class || ours !== classByTshark(row, side))
      t.fail(
        `packet ${index} from ${side} ${frame.toString('hex')}: ${ours}, made ${one.class}, ${classByTshark(row, side)} by tshark`,
      );
    seen += 1;
  });
  t.is(seen, mix.length);
});
