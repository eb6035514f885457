// Finds the binaries that the tests and `make dev` run, or gets them, and prints the folder they are in.
//   node scripts/tools.mjs kube           kube-apiserver, etcd, kubectl
//   node scripts/tools.mjs helm promtool argo-lua  what checks the chart, the alert rules and Argo CD's scripts
//   node scripts/tools.mjs actionlint zizmor operator-verify validate-krew-manifest  what checks workflows, OLM bundle and krew manifest
//   node scripts/tools.mjs crds           the kinds of Prometheus' operator, Argo CD, Flux and OLM, as those publish them
//   node scripts/tools.mjs python-aws     boto3 and the AWS CLI in a virtual environment of their own
//   node scripts/tools.mjs python-setup   what checks deploy/: shellcheck, cfn-lint, a Bicep parser, moto
// Order for kube: KUBEBUILDER_ASSETS, the user's cache, the official envtest archive (checksum verified), a build from the Go
// modules in tools/. The cache is outside the checkout, so that a fresh clone finds what another one built.
import { execFile, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";

const KUBERNETES = "1.36.3";
const ENVTEST_INDEX = "https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml";
const KUBE = ["kube-apiserver", "etcd", "kubectl"];
const PACKAGES = {
  etcd: ["kube", "go.etcd.io/etcd/server/v3"],
  "kube-apiserver": ["kube", "k8s.io/kubernetes/cmd/kube-apiserver"],
  kubectl: ["kube", "k8s.io/kubernetes/cmd/kubectl"],
  helm: ["kube", "helm.sh/helm/v3/cmd/helm"],
  "argo-lua": ["argo-lua", "."],
  actionlint: ["actionlint", "github.com/rhysd/actionlint/cmd/actionlint"],
  "validate-krew-manifest": ["krew", "sigs.k8s.io/krew/cmd/validate-krew-manifest"],
  "operator-verify": ["olm", "github.com/operator-framework/api/cmd/operator-verify"],
  promtool: ["promtool", "github.com/prometheus/prometheus/cmd/promtool"],
};
/** What a first build costs on two cores, in seconds, so that the output says how long the wait is. */
const USUAL_SECONDS = {
  etcd: 60,
  "kube-apiserver": 390,
  kubectl: 60,
  helm: 75,
  "argo-lua": 10,
  actionlint: 10,
  "operator-verify": 60,
  "validate-krew-manifest": 45,
  promtool: 270,
};

/** Where the kinds come from whose objects the chart and deploy/ hold: a Go module, the sum of its content, its files. */
const CRDS = [
  {
    module: "github.com/prometheus-operator/prometheus-operator@v0.85.0",
    sum: "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
    files: ["servicemonitors", "prometheusrules"].map(
      (kind) => `example/prometheus-operator-crd/monitoring.coreos.com_${kind}.yaml`,
    ),
  },
  {
    module: "github.com/argoproj/argo-cd/v3@v3.3.0",
    sum: "h1:9UlruTd5cC/MyvorTXgAIblfZTy63MF5FYvvoAaUvwU=",
    files: ["manifests/crds/application-crd.yaml"],
  },
  // Flux 2.7, the first with all that deploy/flux uses.
  {
    module: "github.com/fluxcd/source-controller@v1.7.0",
    sum: "h1:/fBgS4CSmT5Jj/fjQDF92y+pC3gst1GJjgNSzY8Ff9I=",
    files: ["config/crd/bases/source.toolkit.fluxcd.io_ocirepositories.yaml"],
  },
  {
    module: "github.com/fluxcd/kustomize-controller@v1.7.3",
    sum: "h1:SzNnGn/4ObAPEHHleM5U7y/AKxKXph3Vj6ZhteeXw8M=",
    files: ["config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml"],
  },
  {
    module: "github.com/fluxcd/helm-controller@v1.4.0",
    sum: "h1:rkm8rmB6Na7eNc4pJOnvtXEaJ19iKluRtayHKjBxcUM=",
    files: ["config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml"],
  },
  {
    module: "github.com/operator-framework/api@v0.42.0",
    sum: "h1:rkc5V3zW8RxZMjePAe12jdL7Co/hwsYo1pLnkkhuR7s=",
    files: ["crds/operators.coreos.com_clusterserviceversions.yaml"],
  },
];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const NO_GO = "go is not installed; install Go 1.26 or set KUBEBUILDER_ASSETS";
const say = (text) => process.stderr.write(`tools: ${text}\n`);

export function cacheFolder(env = process.env) {
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "connect-sso", "tools");
}

function has(folder, names) {
  return names.every((name) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Folder with kube-apiserver, etcd and kubectl. */
export async function kubeTools(env = process.env) {
  if (env.KUBEBUILDER_ASSETS) {
    if (has(env.KUBEBUILDER_ASSETS, KUBE)) return env.KUBEBUILDER_ASSETS;
    throw new Error(`KUBEBUILDER_ASSETS=${env.KUBEBUILDER_ASSETS} lacks one of ${KUBE.join(", ")}`);
  }
  const folder = join(cacheFolder(env), `kube-${KUBERNETES}`);
  if (has(folder, KUBE)) return folder;
  mkdirSync(folder, { recursive: true });
  try {
    await downloadEnvtest(folder, env);
    return folder;
  } catch (error) {
    say(`the envtest archive cannot be had (${error.message}); building from Go modules instead`);
  }
  for (const name of KUBE) await build(name, folder);
  return folder;
}

/** Folder with a program of PACKAGES, built when it is not in the cache. */
export async function goTool(name, env = process.env) {
  const sum = createHash("sha256")
    .update(readFileSync(join(root, "tools", PACKAGES[name][0], "go.sum")))
    .update(PACKAGES[name][1] === "." ? readFileSync(join(root, "tools", PACKAGES[name][0], "main.go")) : "")
    .digest("hex")
    .slice(0, 12);
  const folder = join(cacheFolder(env), `${name}-${sum}`);
  if (!has(folder, [name])) {
    mkdirSync(folder, { recursive: true });
    await build(name, folder);
  }
  return folder;
}

/** Folder with the definitions of other projects' kinds, taken out of their modules when they are not in the cache. */
export async function foreignCrds(env = process.env) {
  const table = createHash("sha256").update(JSON.stringify(CRDS)).digest("hex").slice(0, 12);
  const folder = join(cacheFolder(env), `crds-${table}`);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}-`);
  try {
    const out = join(work, "out");
    mkdirSync(out);
    for (const { module, sum, files } of CRDS) {
      say(`fetching the kinds of ${module}`);
      // A module cache of its own: of the hundreds of megabytes only these files stay.
      const goEnv = { ...env, GOMODCACHE: join(work, "modules"), GOFLAGS: "-modcacherw", GOWORK: "off" };
      const { Dir, Sum } = JSON.parse(await goDownload(module, work, goEnv));
      if (Sum !== sum) throw new Error(`${module} has the sum ${Sum}, not ${sum}`);
      for (const file of files) copyFileSync(join(Dir, file), join(out, basename(file)));
    }
    renameSync(out, folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Folder with the programs of a virtual environment that has the packages of tools/python/<name>.txt, made when it is not in the cache.
 * An environment cannot be moved: the file `complete` says that it was made to the end.
 */
export async function pythonTools(name, env = process.env) {
  const requirements = join(root, "tools", "python", `${name}.txt`);
  const sum = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const folder = join(cacheFolder(env), `python-${name}-${sum}`);
  const bin = join(folder, "bin");
  if (existsSync(join(folder, "complete"))) return bin;
  rmSync(folder, { recursive: true, force: true });
  say(`installing tools/python/${name}.txt (first time only, about 30 s)`);
  const run = (program, args) => promisify(execFile)(program, args, { env, maxBuffer: 2 ** 24 });
  try {
    await run("python3", ["-m", "venv", folder]);
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
    await run(join(bin, "python"), ["-m", "pip", "install", ...quiet, "--requirement", requirements]);
  } catch (error) {
    if (error.code === "ENOENT") throw new Error("python3 is not installed; install Python 3.10 or newer");
    throw new Error(`the packages of tools/python/${name}.txt cannot be installed: ${error.stderr || error.message}`);
  }
  writeFileSync(join(folder, "complete"), "");
  return bin;
}

async function goDownload(module, cwd, env) {
  try {
    return (await promisify(execFile)("go", ["mod", "download", "-json", module], { cwd, env })).stdout;
  } catch (error) {
    if (error.code === "ENOENT") throw new Error(NO_GO);
    // With -json what went wrong is in the answer.
    const said = /"Error": "(.*)"/.exec(error.stdout ?? "")?.[1] ?? error.stderr ?? error.message;
    throw new Error(`${module} cannot be had from the Go module proxy: ${said}`);
  }
}

/** Downloads the archive of our Kubernetes minor version, refuses it unless its SHA-512 is the index's, unpacks the three binaries. */
export async function downloadEnvtest(folder, env = process.env) {
  const index = parse(await (await get(env.ENVTEST_INDEX || ENVTEST_INDEX)).text());
  const minor = KUBERNETES.split(".").slice(0, 2).join(".");
  const version = Object.keys(index.releases)
    .filter((name) => name.startsWith(`v${minor}.`) && !name.includes("-"))
    .sort((a, b) => Number(a.split(".")[2]) - Number(b.split(".")[2]))
    .at(-1);
  if (!version) throw new Error(`no envtest release of ${minor}`);
  const arch = { x64: "amd64", arm64: "arm64" }[process.arch] ?? process.arch;
  const [, archive] =
    Object.entries(index.releases[version]).find(([name]) => name.includes(`-${process.platform}-${arch}.`)) ?? [];
  if (!archive) throw new Error(`no envtest ${version} for ${process.platform}/${arch}`);
  say(`downloading envtest ${version}`);
  const bytes = Buffer.from(await (await get(archive.selfLink, 300_000)).arrayBuffer());
  const sum = createHash("sha512").update(bytes).digest("hex");
  if (sum !== archive.hash) throw new Error(`checksum of ${archive.selfLink} is not the index's`);
  const work = mkdtempSync(join(folder, "unpack-"));
  try {
    writeFileSync(join(work, "envtest.tar.gz"), bytes);
    execFileSync("tar", ["-xzf", "envtest.tar.gz"], { cwd: work });
    const entries = readdirSync(work, { recursive: true });
    for (const name of KUBE) {
      const entry = entries.find((path) => path.split("/").at(-1) === name);
      if (!entry) throw new Error(`the archive holds no ${name}`);
      renameSync(join(work, entry), join(folder, name));
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function get(url, timeout = 15_000) {
  let response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(timeout) });
  } catch (error) {
    throw new Error(error.cause?.code ?? error.message);
  }
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response;
}

/** Builds to a temporary name first: a build that was cut off leaves nothing that looks finished. */
async function build(name, folder) {
  const [module, importPath] = PACKAGES[name];
  const started = Date.now();
  say(`building ${name} from Go modules (first time only, about ${USUAL_SECONDS[name]} s on two cores)`);
  const target = join(folder, name);
  const partial = join(mkdtempSync(join(tmpdir(), "connect-sso-build-")), name);
  const progress = setInterval(
    () => say(`… still building ${name}, ${Math.round((Date.now() - started) / 1000)} s`),
    60_000,
  );
  try {
    await new Promise((resolve, reject) => {
      const child = spawn("go", ["build", "-trimpath", "-ldflags", "-s -w", "-o", partial, importPath], {
        cwd: join(root, "tools", module),
        env: { ...process.env, CGO_ENABLED: "0" },
        stdio: ["ignore", "ignore", "inherit"],
      });
      child.once("error", (error) => reject(new Error(error.code === "ENOENT" ? NO_GO : error.message)));
      child.once("exit", (code) =>
        code === 0 ? resolve() : reject(new Error(`go build of ${name} exited with ${code}`)),
      );
    });
    execFileSync("mv", [partial, target]);
  } finally {
    clearInterval(progress);
    rmSync(dirname(partial), { recursive: true, force: true });
  }
  say(`built ${name} in ${Math.round((Date.now() - started) / 1000)} s`);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const names = process.argv.slice(2);
  try {
    const python = {
      "python-aws": () => pythonTools("aws"),
      "python-setup": () => pythonTools("setup"),
      zizmor: () => pythonTools("zizmor"),
    };
    const others = { kube: kubeTools, crds: foreignCrds, ...python };
    for (const name of names.length > 0 ? names : ["kube"]) console.log(await (others[name]?.() ?? goTool(name)));
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
