/** `connect-sso profiles`: what the security profiles that personas grant permit. Reads only. */
import type { ConnectSsoPersona } from "../../api/resources.ts";
import { failureOf } from "../../engine/errors.ts";
import type { Clouds } from "../../providers/clouds.ts";
import { openClouds } from "../cloud-session.ts";
import { find, openDeclared } from "../declared-objects.ts";
import type { CloudOptions, ObjectOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";
import { type PersonaProfiles, type ProfileRow, profilesMarkdown, profilesText } from "../render/profiles.ts";
import { paint, width } from "../render/terminal.ts";

/** 0: all were read; 1: one is not there, or could not be read. */
export async function profiles(
  name: string | undefined,
  options: ObjectOptions & CloudOptions & OutputOptions,
): Promise<number> {
  const declared = await openDeclared(options);
  try {
    const personas = name === undefined ? declared.personas() : [find(declared.personas(), name, "persona")];
    const session = await openClouds(options, declared);
    try {
      const found = await Promise.all(personas.map((persona) => read(persona, session.clouds)));
      print(
        {
          data: { personas: found },
          text: () => profilesText(found, paint(), width()),
          markdown: () => profilesMarkdown(found),
        },
        options.output,
      );
      return found.some((one) => one.profiles.some(({ problem }) => problem)) ? 1 : 0;
    } finally {
      await session.close();
    }
  } finally {
    await declared.close();
  }
}

async function read(declared: ConnectSsoPersona, clouds: Clouds): Promise<PersonaProfiles> {
  const { metadata, spec } = declared;
  const persona = { namespace: metadata.namespace, name: metadata.name };
  const names = spec.connectUsers.securityProfiles;
  try {
    return { persona, instance: spec.instanceArn, profiles: await rowsOf(declared, names, clouds) };
  } catch (error) {
    const { classified, message } = failureOf(error);
    if (!classified) throw error;
    // The other personas are shown all the same.
    return {
      persona,
      instance: spec.instanceArn,
      profiles: names.map((name) => ({ name, permissions: [], problem: message })),
    };
  }
}

async function rowsOf(
  { metadata, spec, status }: ConnectSsoPersona,
  names: string[],
  clouds: Clouds,
): Promise<ProfileRow[]> {
  const { account } = await clouds.aws(spec.instanceArn, metadata.namespace);
  const connect = account.instance(spec.instanceArn);
  // An instance that is not there is said by its name.
  await connect.facts();
  const rows = names.map(async (name) => {
    const found = await connect.securityProfile(name);
    const permissions = "id" in found ? await connect.securityProfilePermissions(found.id) : undefined;
    if (!permissions) return { name, permissions: [], problem: "the instance has no such security profile" };
    const known = status?.securityProfiles?.find((one) => one.name === name);
    const { gained, gainedTime, lost, lostTime } = known ?? {};
    return {
      name,
      permissions,
      ...(gained && gainedTime ? { gained, gainedTime } : {}),
      ...(lost && lostTime ? { lost, lostTime } : {}),
    };
  });
  return Promise.all(rows);
}
