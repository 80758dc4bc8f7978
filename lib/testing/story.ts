/** What peers do, in words for the reader of a trace. */
import { formatZxid } from '../base/zxid.ts';
import type { StoreBatch } from '../wire/store-batch.ts';
import type { PeerMessage } from './machine.ts';

export function show(value: object): string {
  return Object.entries(value)
    .map(([key, part]) => `${key} ${typeof part === 'bigint' ? formatZxid(part) : String(part)}`)
    .join(' ');
}

export function describe(message: PeerMessage): string {
  const parts = Object.entries(message).map(([key, part]: [string, unknown]) => {
    if (key === 'type') return String(part);
    if (typeof part === 'bigint') return `${key}=${formatZxid(part)}`;
    if (Array.isArray(part)) return `${key}×${part.length}`;
    if (part instanceof Uint8Array) return `${part.length} bytes`;
    if (typeof part === 'object' && part !== null) return `${key}={${show(part)}}`;
    return part === undefined ? '' : `${key}=${String(part)}`;
  });
  return parts.filter((part) => part !== '').join(' ');
}

export function describeBatch(batch: StoreBatch): string {
  const { log, checkpoint } = batch;
  const parts: string[] = [`batch ${batch.id}`];
  if (log?.renew !== undefined) parts.push(`renew ${log.renew.slice(0, 8)}`);
  if (log?.birth !== undefined) parts.push(log.birth.state);
  if (log?.genesis !== undefined) parts.push('genesis');
  if (log?.truncate !== undefined) parts.push(`truncate ${formatZxid(log.truncate)}`);
  if (log?.stage !== undefined) parts.push(`stage ${log.stage.chunks.length}`);
  if (log?.install !== undefined) parts.push(`install ${formatZxid(log.install.zxid)}`);
  const first = log?.entries[0];
  const last = log?.entries.at(-1);
  if (first !== undefined && last !== undefined) {
    parts.push(`${formatZxid(first.zxid)}..${formatZxid(last.zxid)}`);
  }
  if (log?.epochs !== undefined) parts.push(show(log.epochs));
  if (checkpoint !== undefined) parts.push(`checkpoint ${formatZxid(checkpoint.zxid)}`);
  return parts.join(', ');
}
