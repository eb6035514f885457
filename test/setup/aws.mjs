#!/usr/bin/env node
// `aws` for the tests of docs/install*.md: commands of Connect go to the real AWS CLI and the sandbox, EKS and CloudFormation are answered
// here. A stack takes only parameters that its template has, and needs those without a default.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parse } from "yaml";

const args = process.argv.slice(2);
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const { AWS_STACK: stackFile, AWS_REAL: real, AWS_ISSUER: issuer } = process.env;
const ROLE = "arn:aws:iam::111122223333:role/connect-sso-ControllerRole-ABC";
const BOUNDARY = "arn:aws:iam::111122223333:policy/ConnectSsoBoundary";

function refuse(message) {
  process.stderr.write(`aws: ${message}\n`);
  process.exit(1);
}

const commands = {
  "eks describe-cluster": () =>
    option("--query") === "cluster.arn" ? `arn:aws:eks:us-east-1:111122223333:cluster/${option("--name")}` : issuer,
  "eks create-addon": () => "{}",
  "cloudformation deploy": () => {
    const { Parameters } = parse(readFileSync(option("--template-file"), "utf8"));
    const given = Object.fromEntries(
      args.slice(args.indexOf("--parameter-overrides") + 1).map((one) => one.split(/=(.*)/s).slice(0, 2)),
    );
    for (const name of Object.keys(given)) if (!Parameters[name]) refuse(`there is no parameter ${name}`);
    for (const [name, { Default }] of Object.entries(Parameters))
      if (Default === undefined && !given[name]) refuse(`parameter ${name} has no value`);
    writeFileSync(stackFile, JSON.stringify(given));
    return "Successfully created/updated stack - connect-sso";
  },
  "cloudformation describe-stacks": () => {
    if (!existsSync(stackFile)) refuse("Stack with id connect-sso does not exist");
    return option("--query").includes("ControllerRoleArn") ? ROLE : BOUNDARY;
  },
  "cloudformation delete-stack": () => rmSync(stackFile),
  "cloudformation wait": () => existsSync(stackFile) && refuse("Waiter StackDeleteComplete failed"),
};
const command = commands[args.slice(0, 2).join(" ")];
if (args[0] === "connect") process.exit(spawnSync(real, args, { stdio: "inherit" }).status);
if (!command) refuse(`no stand-in for: ${args.join(" ")}`);
process.stdout.write(`${command() || ""}\n`);
