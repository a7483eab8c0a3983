// Runs a program in WebAssembly: `node run.js FILE`. Its text goes to standard output; it ends with 0 if the program says 1.
const { readFileSync, writeSync } = require('fs');

WebAssembly.compile(readFileSync(process.argv[2])).then((module) => {
  let instance;
  const text = [];
  const write = (start, length) =>
    text.push(Buffer.from(instance.exports.memory.buffer.slice(start, start + length)));
  instance = new WebAssembly.Instance(module, { env: { write } });
  const success = instance.exports.run();
  writeSync(1, Buffer.concat(text));
  process.exit(success === 1 ? 0 : 1);
});
