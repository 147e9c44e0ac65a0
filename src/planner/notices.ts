/**
 * NOTICE texts for operators whose state nothing bounds.
 */
import type { Notice } from '../common/errors.ts';
import type { Dataflow, DataflowNode } from './dataflow.ts';

/** One notice for each operator with unbounded state, by kind, without repeats. */
export function stateNotices(dataflow: Dataflow): readonly Notice[] {
  const found = new Map<string, Notice>();
  for (const node of dataflow.nodes) {
    if (node.bound !== 'nothing') continue;
    const notice = noticeOf(node);
    found.set(notice.message, notice);
  }
  return [...found.values()];
}

function noticeOf(node: DataflowNode): Notice {
  const what = operatorName(node);
  return {
    severity: 'NOTICE', sqlState: '00000',
    message: `the state of ${what} grows with its input for ever`,
    detail: detailOf(node),
    hint: hintOf(node),
  };
}

function detailOf(node: DataflowNode): string {
  if (node.kind === 'join' && (node.leftEvict === null) !== (node.rightEvict === null)) {
    return `Nothing bounds the rows of its ${node.leftEvict === null ? 'left' : 'right'} input.`;
  }
  return 'Nothing bounds it: no window, no watermark, no interval, no limit.';
}

function operatorName(node: DataflowNode): string {
  switch (node.kind) {
    case 'join': return 'a join';
    case 'asofJoin': return 'an ASOF join';
    case 'aggregate': return 'a windowed aggregation without watermark';
    case 'session': return 'a session window without watermark';
    case 'topN': return 'a top-N';
    case 'over': return 'a window function';
    case 'setOp': return 'a set operation';
    default: return `operator ${node.kind}`;
  }
}

function hintOf(node: DataflowNode): string {
  switch (node.kind) {
    case 'join': case 'asofJoin':
      return 'Join on a time interval (b.ts BETWEEN a.ts AND a.ts + INTERVAL \'1 hour\') with '
        + 'watermarks on both sides, filter with ts > now() - INTERVAL \'1 day\', '
        + 'or say WITH (state_ttl = \'1 day\').';
    case 'aggregate': case 'session':
      return "Declare WATERMARK FOR ts AS ts - INTERVAL '5 seconds' on the relation, or say "
        + "WITH (state_ttl = '1 day').";
    default: return "Filter with ts > now() - INTERVAL '1 day', work on windows, or say "
      + "WITH (state_ttl = '1 day').";
  }
}
