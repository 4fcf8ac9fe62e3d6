/** Panels side by side. */
export interface Line<Panel> {
  readonly height: number;
  readonly panels: readonly Panel[];
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export function line<Panel>(height: number, ...panels: readonly Panel[]): Line<Panel> {
  return { height, panels };
}

/** Puts lines below each other; the panels of a line share its width. */
export function arrange<Panel>(
  lines: readonly Line<Panel>[],
  columns: number,
  top = 0,
): (readonly [Panel, Place])[] {
  let y = top;
  return lines.flatMap(({ height, panels }) => {
    const w = Math.floor(columns / panels.length);
    const placed = panels.map((panel, at) => [panel, { x: at * w, y, w, h: height }] as const);
    y += height;
    return placed;
  });
}
