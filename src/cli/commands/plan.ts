/** `connect-sso plan`: reads only. */
import { saveFiles } from "../../manifests/save.ts";
import { openClouds } from "../cloud-session.ts";
import { CliError } from "../command.ts";
import { openDeclared } from "../declared-objects.ts";
import { makePlan } from "../dry-run.ts";
import type { CloudOptions, ObjectOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";
import { planMarkdown, planText } from "../render/plan.ts";
import { paint, width } from "../render/terminal.ts";
import { inCluster } from "../running-controller.ts";

/** 0: nothing to do; 2: changes; 1: a broken document, or a resource that needs manual action. */
export async function plan(
  options: ObjectOptions & CloudOptions & OutputOptions & { out?: string; prune?: boolean },
): Promise<number> {
  const { filename, namespace } = options;
  if (options.prune && !filename)
    throw new CliError("--prune compares a folder with the clouds", { hint: "name the folder with -f" });
  if (options.prune && options.out)
    throw new CliError("--prune shows what others delete; apply deletes nothing", {
      hint: "without --prune the plan can be applied; connect-sso delete -f deletes",
    });
  const declared = await openDeclared(options);
  try {
    const session = await openClouds(options, declared, { asController: true });
    try {
      const prune = options.prune ? (await inCluster(options)).policies : undefined;
      const document = await makePlan(declared, session, { filename, namespace, prune });
      const { fingerprint: _, filename: __, version: ___, namespace: ____, ...data } = document;
      print(
        {
          data,
          text: () => planText(document, paint(), width()),
          markdown: () => planMarkdown(document),
        },
        options.output,
      );
      if (options.out)
        saveFiles([{ path: options.out, text: `${JSON.stringify(document, null, 2)}\n`, private: true }]);
      const { create, update, delete: remove, problems } = document.summary;
      if (declared.problems.length > 0 || problems > 0) return 1;
      return create + update + remove > 0 ? 2 : 0;
    } finally {
      await session.close();
    }
  } finally {
    await declared.close();
  }
}
