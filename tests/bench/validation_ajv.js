// The same as validation_bench.cc, with JSON.parse and ajv: see tests/bench/validation.
//
//   node validation_ajv.js <directory>     prints "<case> ajv <ns>" lines
'use strict';
const fs = require('fs');
const path = require('path');
const Ajv = require('ajv/dist/2020');

const directory = process.argv[2];
const read = (name) => fs.readFileSync(path.join(directory, name), 'utf8');

// Formats are notes here as there; extensions are unknown to ajv.
const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addSchema(JSON.parse(read('api.json')), 'api', undefined, false);

const cpuNanoseconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
};

// Of one call of `act`, which tells whether it went well: the median of a few runs, once warm.
function nanoseconds(act) {
  const enough = 1.5e8;
  let calls = 1;
  const run = () => {
    const begin = cpuNanoseconds();
    for (let i = 0; i < calls; ++i) {
      if (!act()) throw new Error('a body is not valid');
    }
    return cpuNanoseconds() - begin;
  };
  while (run() < enough) calls *= 2;
  const runs = [];
  for (let i = 0; i < 5; ++i) runs.push(run() / calls);
  runs.sort((a, b) => a - b);
  return runs[2];
}

for (const line of read('cases.txt').trim().split('\n')) {
  const [name, schema, body] = line.split(' ');
  const validate = ajv.compile({ $ref: `api#${schema}` });
  const text = read(body);
  console.log(`${name} ajv ${nanoseconds(() => validate(JSON.parse(text))).toFixed(1)}`);
}
