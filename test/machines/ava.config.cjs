// The tests of machines that boot take minutes, and run apart: `npm run test:machines`.
const { readFileSync } = require('node:fs');

const { ava } = JSON.parse(readFileSync('package.json', 'utf8'));

module.exports = { ...ava, files: ['test/machines/**/*.test.ts'], concurrency: 1, timeout: '5m' };
