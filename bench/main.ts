/**
 * The entry of the bench: `npm run bench -- <what>`.
 */
import { parseArguments } from './arguments.ts';
import type { BenchArguments } from './arguments.ts';

async function run(args: BenchArguments): Promise<boolean> {
  switch (args.command) {
    case 'nexmark': return await (await import('./nexmark/report.ts')).reportNexmark(args);
    case 'state': return await (await import('./state.ts')).reportState(args);
    case 'latency': return await (await import('./latency.ts')).reportLatency(args);
    case 'bounded': return await (await import('./bounded.ts')).reportBounded(args);
    case 'windows': return await (await import('./windows.ts')).reportWindows(args);
    case 'kafka': return await (await import('./kafka.ts')).reportKafka(args);
    case 'serving': return await (await import('./serving.ts')).reportServing(args);
    case 'reads': return await (await import('./reads.ts')).reportReads(args);
    default: throw new Error(`unknown bench "${args.command}"; see --help`);
  }
}

/** One query in a process of its own; the answer goes to the parent. */
async function runChild(args: BenchArguments): Promise<void> {
  const { measureQuery } = await import('./nexmark/measure.ts');
  try {
    process.send?.({ figures: await measureQuery(args) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
}

const args = parseArguments(process.argv.slice(2));
if (args !== null && args.child !== null) await runChild(args);
else if (args !== null) process.exitCode = await run(args) ? 0 : 1;
