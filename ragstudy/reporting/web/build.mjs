// Bundles src/ and the libraries that it uses into ../static, with their licences and what they were made from.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const OUT = "../static";
const LIBRARIES = ["diff", "tabulator-tables"];
const SOURCES = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json", ...readdirSync("src").sort().map((name) => `src/${name}`)];

await build({
  entryPoints: [{ in: "src/main.ts", out: "report" }, { in: "src/report.css", out: "report" }],
  outdir: OUT,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
});

const licences = LIBRARIES.map((name) => {
  const about = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  return `${name} ${about.version} (${about.license})\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync(`${OUT}/LICENCES.txt`, licences.join(`\n${"-".repeat(80)}\n\n`));

const hash = createHash("sha256");
for (const name of SOURCES) hash.update(`${name}\n`).update(readFileSync(name));
writeFileSync(`${OUT}/made_from.txt`, `${hash.digest("hex")}\n`);
