import { useState } from "preact/hooks";

interface AsTableProps {
  /** What the table is about, for screen readers. */
  caption: string;
  head: string[];
  rows: () => (string | number)[][];
}

/** The numbers of a chart, for those who would rather read them. Made when it is opened. */
export function AsTable({ caption, head, rows }: AsTableProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Show as table</summary>
      {isOpen && (
        <div class="as-table-box" tabIndex={0} role="region" aria-label={`Table: ${caption}`}>
          <table>
            <caption class="hidden">{caption}</caption>
            <thead>
              <tr>
                {head.map((cell) => (
                  <th key={cell} scope="col">
                    {cell}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows().map(([first, ...rest]) => (
                <tr key={first}>
                  <th scope="row">{first}</th>
                  {rest.map((cell, i) => (
                    <td key={i}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
