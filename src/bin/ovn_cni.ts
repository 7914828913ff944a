#!/usr/bin/env node
// What container runtimes run: `minion-init` links it. It is one file of CommonJS, which loads several times as fast as
// modules do. It has no help for people: ovn-k8s-cni-overlay has.
import { answerRuntime } from '../cni/main.js';

void answerRuntime();
