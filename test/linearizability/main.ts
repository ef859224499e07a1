import { judgeFiles } from "./command.ts";

process.exitCode = await judgeFiles(process.argv.slice(2), {
  stdin: process.stdin,
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});
