// uPlot's options for one evidence chart. uPlot counts seconds; the API counts ns.

import uPlot from "uplot";
import { quantity } from "./format";
import type { Series } from "./types";

export interface Line {
  label: string;
  series: Series;
}

/** A vertical line with a word at its head. */
export interface Mark {
  ts_ns: number;
  label: string;
  /** Custom property of its colour. */
  colour: string;
  dash: number[];
  /** Where the word stands; marks that come soon after one another take different sides. */
  side: "left" | "right";
}

/** What the value was compared with. */
export interface Level {
  value: number;
  label: string;
}

const HEIGHT = 190;

/** Columns of an aligned table: times, then a value a line. Null breaks the line: absent is not zero. */
export function align(lines: Line[]): uPlot.AlignedData {
  const tables = lines.map(({ series: { points } }): uPlot.AlignedData => [points.map(([ns]) => ns / 1e9), points.map(([, value]) => value)]);
  // Mode 1 keeps a line's own nulls as breaks and bridges only the times that the other line alone has.
  return tables.length === 1 ? tables[0]! : uPlot.join(tables, tables.map(() => [0, 1]));
}

export interface ChartOptions {
  width: number;
  unit: string;
  labels: string[];
  from_ns: number;
  to_ns: number;
  marks: Mark[];
  level: Level | null;
  onZoom(from_ns: number, to_ns: number): void;
}

const LINES = ["--line-1", "--line-2"];

export function options(host: HTMLElement, chart: ChartOptions): uPlot.Options {
  const style = getComputedStyle(host);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = { stroke: colour("--muted"), grid: { stroke: colour("--grid"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  return {
    width: chart.width,
    height: HEIGHT,
    padding: [18, 26, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 7 }, drag: { x: true, y: false, setScale: false }, sync: { key: "evidence" } },
    scales: { x: { range: [chart.from_ns / 1e9, chart.to_ns / 1e9] }, y: { range: (_, min, max) => (isState(chart.unit) ? [-0.15, 1.15] : yRange(min, max, chart.level)) } },
    axes: [
      { ...axis, space: 80, size: 26, values: (_, ticks) => ticks.map(tickTime) },
      yAxis(axis, chart.unit),
    ],
    series: [{}, ...chart.labels.map((label, at) => lineStyle(label, colour(LINES[at] ?? LINES[0]!), at, chart.unit))],
    hooks: { draw: [(plot) => drawMarks(plot, chart.marks, colour), (plot) => drawLevel(plot, chart.level, colour)], setSelect: [(plot) => zoom(plot, chart)] },
  };
}

const isState = (unit: string) => unit === "state";

/** Percent and states are written out; of other units the prefix stands, and the unit above the chart. */
function yAxis(axis: uPlot.Axis, unit: string): uPlot.Axis {
  const written = (tick: number) => quantity(tick, unit === "fraction" || isState(unit) ? unit : "");
  return { ...axis, size: 52, space: 34, values: (_, ticks) => ticks.map(written), ...(isState(unit) ? { splits: [0, 1] } : {}) };
}

function lineStyle(label: string, stroke: string, at: number, unit: string): uPlot.Series {
  // A state holds until another is read. The far end is dashed: told apart without colour.
  const paths = isState(unit) ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {};
  return { label, ...paths, stroke, width: 1.6, points: { show: undefined, size: 4 } as uPlot.Series.Points, ...(at > 0 ? { dash: [5, 4] } : {}), spanGaps: false };
}

/** From zero where it shows the truth as well; flat lines get room. */
function yRange(least: number | null, most: number | null, level: Level | null): [number, number] {
  if (least === null || most === null) return [0, 1];
  const [min, max] = [Math.min(least, level?.value ?? least), Math.max(most, level?.value ?? most)];
  const low = min >= 0 && min < max * 0.75 ? 0 : min;
  if (low === max) return max === 0 ? [0, 1] : [Math.min(0, max * 1.2), Math.max(0, max * 1.2)];
  const room = (max - low) * 0.08;
  return [low === 0 ? 0 : low - room, max + room];
}

const tickFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const tickTime = (seconds: number) => tickFormat.format(seconds * 1000);

function zoom(plot: uPlot, chart: ChartOptions): void {
  const { left, width } = plot.select;
  if (width < 4) return;
  const at = (px: number) => Math.round(plot.posToVal(px, "x") * 1e3) * 1e6;
  chart.onZoom(at(left), at(left + width));
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}

function drawMarks(plot: uPlot, marks: Mark[], colour: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = `${10.5 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  const taken: [number, number][] = [];
  for (const mark of [...marks].sort((a, b) => a.ts_ns - b.ts_ns)) {
    const x = Math.round(plot.valToPos(mark.ts_ns / 1e9, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(mark.colour);
    ctx.lineWidth = 1.25 * ratio;
    ctx.setLineDash(mark.dash.map((length) => length * ratio));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    drawLabel(ctx, mark, x, bbox, taken);
  }
  ctx.restore();
}

/** Words that would overlap are left out; the line and the table still tell. */
function drawLabel(ctx: CanvasRenderingContext2D, { label, side }: Mark, x: number, bbox: uPlot.BBox, taken: [number, number][]): void {
  const width = ctx.measureText(label).width;
  const wished = side === "left" ? x - width : x;
  const left = Math.max(bbox.left, Math.min(wished, bbox.left + bbox.width - width));
  if (taken.some(([from, to]) => left < to && left + width > from)) return;
  ctx.fillText(label, left, bbox.top - 3);
  taken.push([left - 4, left + width + 4]);
}

function drawLevel({ ctx, bbox, valToPos }: uPlot, level: Level | null, colour: (name: string) => string): void {
  if (!level) return;
  const ratio = uPlot.pxRatio;
  const y = Math.round(valToPos(level.value, "y", true));
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour("--muted");
  ctx.lineWidth = ratio;
  ctx.setLineDash([ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.font = `${10.5 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "right";
  ctx.fillText(level.label, bbox.left + bbox.width, y - 4 * ratio);
  ctx.restore();
}
