// Where the words one searched for stand in a text. As the search does: whole words, by their beginning, without accents or case.

const WORD = /[\p{L}\p{N}\p{M}]+/gu;

const fold = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

/** The words of a search, folded. */
export function searchWords(asked: string | null): string[] {
  return [...new Set((asked ?? "").slice(0, 400).match(WORD)?.map(fold) ?? [])].slice(0, 16);
}

export interface Piece {
  text: string;
  isFound: boolean;
}

/** The text in pieces, found words apart; all pieces together are the text. */
export function markedPieces(text: string, words: string[]): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  if (words.length > 0) {
    for (const match of text.matchAll(WORD)) {
      const folded = fold(match[0]);
      if (!words.some((word) => folded.startsWith(word))) continue;
      if (match.index > from) pieces.push({ text: text.slice(from, match.index), isFound: false });
      pieces.push({ text: match[0], isFound: true });
      from = match.index + match[0].length;
    }
  }
  if (from < text.length) pieces.push({ text: text.slice(from), isFound: false });
  return pieces;
}

export function countFound(texts: (string | null)[], words: string[]): number {
  if (words.length === 0) return 0;
  return texts.reduce((sum, text) => sum + markedPieces(text ?? "", words).filter((one) => one.isFound).length, 0);
}
