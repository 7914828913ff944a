// A worker thread of classifier.test.ts: classifies the frame in workerData from each port and posts the classes.
import { parentPort, workerData } from 'node:worker_threads';
import { Classifier } from '../../src/demux/classifier.js';
import { PORT_ROLES } from '../../src/demux/port_role.js';
import { GATEWAY } from './sample.js';

const frames = Uint8Array.from(Buffer.from(String(workerData), 'hex'));
const batch = { frames, offsets: Uint32Array.of(0), lengths: Uint32Array.of(frames.length) };
const classifier = new Classifier(GATEWAY);
const classes = PORT_ROLES.map((role) => {
  const into = new Uint8Array(1);
  classifier.classify(batch, role, into);
  return into[0];
});
parentPort?.postMessage(classes);
