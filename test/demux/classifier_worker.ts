// A thread of classifier.test.ts: tells the classes of the frame that it was given, from each side.
import { parentPort, workerData } from 'node:worker_threads';
import { Classifier, SIDES } from '../../src/demux/classifier.js';
import { GATEWAY } from './sample.js';

const frames = Uint8Array.from(Buffer.from(String(workerData), 'hex'));
const batch = { frames, offsets: Uint32Array.of(0), lengths: Uint32Array.of(frames.length) };
const classifier = new Classifier(GATEWAY);
const classes = SIDES.map((side) => {
  const into = new Uint8Array(1);
  classifier.classify(batch, side, into);
  return into[0];
});
parentPort?.postMessage(classes);
