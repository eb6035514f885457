/** `connect-sso report`: an access review as files. Reads only. */
import { readFileSync } from "node:fs";
import { saveFiles } from "../../manifests/save.ts";
import { type Comparison, compareReviews, readReview } from "../../report/compare.ts";
import { reviewCsv } from "../../report/csv.ts";
import { reviewHtml } from "../../report/html.ts";
import { type Found, type Review, reviewOf } from "../../report/review.ts";
import { readKey, signatureOf } from "../../report/sign.ts";
import { CliError } from "../command.ts";
import type { CloudOptions, ObjectOptions } from "../options.ts";
import { openSource } from "../page-source.ts";

interface ReportOptions extends ObjectOptions, CloudOptions {
  html?: string;
  csv?: string;
  json?: string;
  compare?: string;
  sign?: string;
}

/** 0: written; 1: an error. */
export async function report(options: ReportOptions): Promise<number> {
  if (!options.html && !options.csv && !options.json)
    throw new CliError("no file is named", { hint: "for example --html review.html --json review.json" });
  // Before the clouds are asked, which takes long.
  const old = options.compare === undefined ? undefined : readInput("--compare", options.compare, readReview);
  const key = options.sign === undefined ? undefined : readInput("--sign", options.sign, readKey);
  const { source } = await openSource(options, { settled: true });
  let review: Review;
  try {
    const found = await asked("Amazon Connect", source.inventory!);
    const assigned = await asked("Entra", source.assignments!);
    review = reviewOf(await source.objects(), source.place, new Date(), found, assigned);
  } finally {
    await source.close();
  }
  const comparison = old && compareReviews(old, review);
  const files = filesOf(options, review, comparison);
  const signatures = key ? files.map(({ path, text }) => ({ path: `${path}.sig`, text: signatureOf(text, key) })) : [];
  saveFiles([...files, ...signatures].map((file) => ({ ...file, private: true })));
  for (const { path } of files)
    process.stdout.write(
      key
        ? `${path}; check it with: openssl dgst -sha256 -verify PUBLIC.pem -signature ${path}.sig ${path}\n`
        : `${path}\n`,
    );
  return 0;
}

function filesOf({ html, csv, json }: ReportOptions, review: Review, comparison: Comparison | undefined) {
  return [
    ...(html ? [{ path: html, text: reviewHtml(review, comparison) }] : []),
    ...(csv ? [{ path: csv, text: reviewCsv(review) }] : []),
    ...(json
      ? [{ path: json, text: `${JSON.stringify({ ...review, ...(comparison ? { comparison } : {}) }, null, 2)}\n` }]
      : []),
  ];
}

async function asked<T>(whom: string, ask: () => Promise<readonly T[]>): Promise<Found<T>> {
  try {
    return await ask();
  } catch (error) {
    const { message } = error as Error;
    process.stderr.write(`note: ${whom} could not be asked who has access; the report says so\n`);
    return { notAsked: message };
  }
}

function readInput<T>(option: string, path: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CliError(`${option} ${path}: ${(error as Error).message}`);
  }
}
