import type { Hit } from './types';

export interface Piece {
  text: string;
  /** The rules that matched here; empty for ordinary text. */
  rules: string[];
}

export interface Part {
  field: string;
  text: string;
}

/** Fields shown even when no rule matched in them, in this order. */
const SHOWN = ['body', 'filename', 'm.new_content.body', 'm.relates_to.key'];

/**
 * Cuts a text at the edges of its hits. Offsets count characters (Unicode scalar values), as the
 * scanner does; hits may overlap, and any part of a hit outside the text is ignored.
 */
export function pieces(text: string, hits: Hit[]): Piece[] {
  const chars = Array.from(text);
  const edges = new Set([0, chars.length]);
  for (const hit of hits) {
    for (const edge of [hit.start, hit.end]) if (edge > 0 && edge < chars.length) edges.add(edge);
  }
  const cuts = [...edges].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((start, index) => {
    const end = cuts[index + 1] ?? chars.length;
    const here = hits.filter((hit) => hit.start < end && hit.end > start);
    return { text: chars.slice(start, end).join(''), rules: [...new Set(here.map((hit) => hit.rule))] };
  });
}

/** The text at a path such as `m.new_content.body`, whose names may hold dots themselves. */
export function lookup(content: unknown, path: string): string | null {
  if (typeof content !== 'object' || content === null) return null;
  for (const [name, value] of Object.entries(content)) {
    if (name === path && typeof value === 'string') return value;
    if (path.startsWith(`${name}.`)) {
      const found = lookup(value, path.slice(name.length + 1));
      if (found !== null) return found;
    }
  }
  return null;
}

/** What to show of a message: its usual texts, and every other text in which a rule matched. */
export function parts(content: Record<string, unknown>, hits: Hit[]): Part[] {
  const fields = new Set([...SHOWN, ...hits.map((hit) => hit.field)]);
  const found: Part[] = [];
  for (const field of fields) {
    const text = lookup(content, field);
    if (text !== null) found.push({ field, text });
  }
  return found;
}
