import { markedPieces } from "../lib/marks";

/** A text with the words one searched for marked. */
export function Marked({ text, words }: { text: string; words: string[] }) {
  if (words.length === 0) return <>{text}</>;
  return (
    <>
      {markedPieces(text, words).map(({ text: piece, isFound }, i) => (isFound ? <mark key={i}>{piece}</mark> : piece))}
    </>
  );
}
