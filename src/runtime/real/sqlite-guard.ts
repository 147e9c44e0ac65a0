/**
 * Loads better-sqlite3, and refuses the pairs of binding and Node that crash.
 *
 * better-sqlite3 13 segfaults on Node 20 and 12 aborts on newer Nodes, so the version is read
 * from its package.json before the native module is touched.
 */
import { createRequire } from 'node:module';
import type Database from 'better-sqlite3';
import { sqlError } from '../../common/errors.ts';

const require = createRequire(import.meta.url);

/** What `new Database(path)` is. */
export type DatabaseConstructor = typeof Database;

/** Null when the pair works, else what to do about it. */
export function sqliteMismatch(binding: string, node: string): string | null {
  const bindingMajor = Number(binding.split('.')[0]);
  const nodeMajor = Number(node.split('.')[0]);
  if (nodeMajor >= 22 && bindingMajor < 13) {
    return `better-sqlite3 ${binding} does not work on Node ${node}: `
      + 'run "npm install better-sqlite3@13" with this Node';
  }
  if (nodeMajor < 22 && bindingMajor >= 13) {
    return `better-sqlite3 ${binding} does not work on Node ${node}: `
      + 'run "npm install better-sqlite3@12" with this Node';
  }
  return null;
}

/** The binding, after the check. */
export function loadSqlite(): DatabaseConstructor {
  let facts: { version: string };
  try {
    facts = require('better-sqlite3/package.json') as { version: string };
  } catch {
    throw sqlError('58P01', 'package better-sqlite3 is not installed', {
      hint: 'Run "npm install", or use the data directory ":memory:".',
    });
  }
  const mismatch = sqliteMismatch(facts.version, process.versions.node);
  if (mismatch !== null) throw sqlError('58000', mismatch);
  return require('better-sqlite3') as DatabaseConstructor;
}
