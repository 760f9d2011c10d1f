// A picture of vectors: their first two principal components, a point and a word each.

import { ScatterChart } from "echarts/charts";
import { GridComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";
import { PCA } from "ml-pca";
import type { KeyedEmbedding } from "nn-embedding/tables";

/** Pixels. */
const WIDTH = 1200;
const HEIGHT = 900;

use([ScatterChart, GridComponent, LabelLayout, SVGRenderer]);

/** SVG. Of words that would lie on each other some are left out, never their points. */
export function pictureOf(vectors: KeyedEmbedding): string {
  const words = [...vectors.vocab];
  if (words.length < 3) throw new Error(`a picture needs at least 3 words, but there are ${words.length}`);
  const rows = words.map((word) => Array.from(vectors.get(word)));
  const pca = new PCA(rows, { method: "covarianceMatrix" });
  const points = pca.predict(rows, { nComponents: 2 }).to2DArray();
  const shares = pca.getExplainedVariance();
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height: HEIGHT });
  const axis = (i: number) => ({
    name: `principal component ${i + 1}: ${(100 * shares[i]).toFixed(1)} % of the variance`,
    nameLocation: "middle" as const,
    scale: true,
    axisLine: { onZero: false },
    splitLine: { show: false },
  });
  chart.setOption({
    animation: false,
    backgroundColor: "#fff",
    grid: { left: 20, right: 90, top: 20, bottom: 20 },
    xAxis: axis(0),
    yAxis: axis(1),
    series: {
      type: "scatter",
      symbolSize: 5,
      data: words.map((name, i) => ({ name, value: points[i] })),
      label: { show: true, formatter: "{b}", position: "right", fontSize: 12, color: "#222" },
      labelLayout: { hideOverlap: true },
    },
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
