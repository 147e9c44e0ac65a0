#!/usr/bin/env node
/**
 * Entry of the `tidemill` program. Everything with side effects is in real/cli.ts.
 */
import { runCommandLine } from './real/cli.ts';

await runCommandLine();
